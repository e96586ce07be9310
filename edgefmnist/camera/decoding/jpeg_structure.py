"""What a JPEG file declares: its size, its scans, and where they lie. Nothing is decoded.

Markers and segments are those of ITU-T T.81, annex B.
"""

from __future__ import annotations

import dataclasses

SOI, EOI, _SOS, _DHT, _DQT, _DRI = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a segment
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE

BEGINS = b"\xff\xd8\xff"
"""The start of the image, and that of a first marker."""

END = b"\xff\xd9"
FEW_BYTES = 32
"""Stray bytes before a marker: some webcams send a few too many (opencv#9477)."""
_LOST = bytes(256)  # inside coded data: a lost block, whose sectors have 512 bytes and more
_MOST_SCANS = 100  # real files have about ten; each one costs a pass over the whole picture


class DamagedPicture(ValueError):
    """A picture of which something is missing or wrong; its words say what."""


@dataclasses.dataclass(frozen=True, slots=True)
class Component:
    """One color plane: its number and how it is sampled across and down."""

    number: int
    across: int
    down: int


@dataclasses.dataclass(slots=True)
class Structure:
    """What is known of a JPEG.

    edits: (start, end, new bytes) that make known quirks of encoders disappear, in order, after
    which every warning of libjpeg is about coded data. scan_at: where the data of the first scan
    begins, scan_end: where that of the last ends. restart_interval: in MCUs; 0: none.
    zeros_are_lost: no encoder writes long runs of zeros in the newest scan. process: the marker of
    the frame header, 0xC0 for a baseline JPEG. exif: the segment of that name, empty without one.
    """

    width: int = 0
    height: int = 0
    size_at: int = 0
    process: int = 0
    exif: bytes = b""
    components: tuple[Component, ...] = ()
    progressive: bool = False
    restart_interval: int = 0
    scans: int = 0
    scan_at: int = 0
    scan_end: int = 0
    has_end: bool = False
    edits: list[tuple[int, int, bytes]] = dataclasses.field(default_factory=list)
    one_scan: bool = False
    zeros_are_lost: bool = False
    _first_symbols: dict[int, int] = dataclasses.field(default_factory=dict)
    _precision: dict[int, list[int]] = dataclasses.field(default_factory=dict)

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def mcu(self) -> tuple[int, int]:
        """Width and height in pixels of what one restart interval counts, for one scan of all."""
        if len(self.components) == 1:
            return 8, 8
        return 8 * max(c.across for c in self.components), 8 * max(c.down for c in self.components)

    @property
    def coefficient_bytes(self) -> int:
        """What libjpeg holds beside the pixels; 0 where it decodes row by row."""
        if self.one_scan:
            return 0
        across, down = (max(1, one // 8) for one in self.mcu)
        share = sum(c.across * c.down for c in self.components) / (across * down)
        return int(2 * self.pixels * share)


def read_structure(data: bytes) -> Structure:
    """Walk the markers of `data`. Raises: DamagedPicture."""
    if not data.startswith(b"\xff\xd8"):
        raise DamagedPicture("it does not begin as a JPEG does")
    found, at = Structure(), 2
    while True:
        marker, at = _next_marker(data, at, found)
        if marker == EOI or marker == -1:
            found.has_end = marker == EOI
            break
        if marker == SOI:
            raise DamagedPicture("a second picture begins in it")
        if marker in ALONE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            raise DamagedPicture("it ends inside its headers")
        _read_segment(found, marker, data, at + 2, at + length)
        at += length
        if marker == _SOS:
            found.scan_at = found.scan_at or at
            if found.one_scan:  # what follows is of no interest: padding, another picture
                end = data.rfind(END, at)  # of the first, if there are several: found when needed
                found.has_end, found.scan_end = end >= 0, end if end >= 0 else len(data)
                _check_scan(found, data, at)
                break
            found.scan_end = _scan_end(data, at)
            _check_scan(found, data, at)
            at = found.scan_end
    if not found.scans:
        raise DamagedPicture("it holds no picture data")
    _check_complete(found)
    return found


def _next_marker(data: bytes, at: int, found: Structure) -> tuple[int, int]:
    """The marker at or after `at`, and where its bytes end; -1 at the end of `data`."""
    start = at
    while True:
        first = data.find(b"\xff", at)
        if first < 0:
            return -1, len(data)
        at = first + 1
        while at < len(data) and data[at] == 0xFF:
            at += 1
        if at >= len(data):
            return -1, len(data)
        if data[at] != 0:
            break
    if first > start:
        if first - start > FEW_BYTES:
            raise DamagedPicture(f"{first - start} stray bytes lie between its segments")
        found.edits.append((start, first, b""))
    return data[at], at + 1


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded data from `at` on ends: at the next marker that is no restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data) if at < 0 else at
        follower = data[at + 1]
        if follower == 0xFF:
            at += 1
        elif follower == 0 or 0xD0 <= follower <= 0xD7:
            at += 2
        else:
            return at


def _check_scan(found: Structure, data: bytes, at: int) -> None:
    """Look for a block of zeros in the place of coded data, of which libjpeg may say nothing.

    Huffman codes find their way again after damage, and where the number of blocks happens to be
    right there is no warning. Zeros that reach to the end are left to libjpeg: they may be padding.

    Raises: DamagedPicture.
    """
    end = found.scan_end
    lost = data.find(_LOST, at, end) if found.zeros_are_lost else -1
    if lost >= 0 and found.one_scan and (first := data.find(END, at)) >= 0:
        end = first
    if 0 <= lost < end and data[lost:end].strip(b"\0"):
        raise DamagedPicture("a part of it was lost and is all zeros")


def _read_segment(found: Structure, marker: int, data: bytes, at: int, end: int) -> None:
    body = data[at:end]
    if marker in _SOF:
        _read_frame(found, marker, body, at)
    elif marker == _SOS:
        _read_scan(found, body, at)
    elif marker == _DRI and len(body) >= 2:
        found.restart_interval = int.from_bytes(body[:2], "big")
    elif marker == _DHT:
        _read_codes(found, body)
    elif marker == _DQT:
        _check_tables(body)
    elif marker == _APP1 and body.startswith(b"Exif\0\0"):
        found.exif = found.exif or body
    elif marker == _APP0 and body.startswith(b"JFIF\0") and len(body) > 6 and body[5] != 1:
        found.edits.append((at + 5, at + 6, b"\1"))  # a version that libjpeg does not know
    elif marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12 and body[11] > 2:
        found.edits.append((at + 11, at + 12, b"\1"))


def _read_frame(found: Structure, marker: int, body: bytes, at: int) -> None:
    if found.components:
        raise DamagedPicture("it declares its size twice")
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise DamagedPicture("it ends inside its headers")
    found.height, found.width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    found.size_at = at + 1
    found.process = marker
    found.progressive = marker in _PROGRESSIVE
    found.components = tuple(
        Component(body[k], max(1, body[k + 1] >> 4), max(1, body[k + 1] & 15))
        for k in range(6, 6 + 3 * body[5], 3)
    )
    if not (found.width and found.height and found.components):
        raise DamagedPicture("it declares a size of nothing")


def _read_scan(found: Structure, body: bytes, at: int) -> None:
    count = body[0] if body else 0
    if not found.components or len(body) < 4 + 2 * count:
        raise DamagedPicture("its scan has no header")
    found.scans += 1
    if found.scans > _MOST_SCANS:
        raise DamagedPicture(f"it has more than {_MOST_SCANS} scans")
    found.one_scan = not found.progressive and count == len(found.components)
    first, last, bits = body[1 + 2 * count : 4 + 2 * count]
    if not found.progressive:
        if (first, last, bits) != (0, 63, 0):  # libjpeg: "Invalid SOS parameters", then ignored
            place = at + 1 + 2 * count
            found.edits.append((place, place + 3, b"\0\x3f\0"))
        first, last, bits = 0, 63, 0
    # All zeros are the first code again and again. In a scan of DC terms, or where that code is the
    # end of a block (0), this is a plain area; elsewhere, 63 coefficients of -1 in each block.
    tables = [16 | (body[k + 1] & 15) for k in range(1, 1 + 2 * count, 2)]
    found.zeros_are_lost = last > 0 and (
        found.progressive or any(found._first_symbols.get(table, 1) for table in tables)
    )
    for k in range(1, 1 + 2 * count, 2):
        known = found._precision.setdefault(body[k], [-1] * 64)
        known[first : last + 1] = [bits & 15] * (min(last, 63) + 1 - first)


def _read_codes(found: Structure, body: bytes) -> None:
    """Keep each Huffman table's first symbol, by class (16: AC) and number."""
    at = 0
    while at + 17 < len(body):
        found._first_symbols[body[at]] = body[at + 17]
        at += 17 + sum(body[at + 1 : at + 17])


def _check_tables(body: bytes) -> None:
    """A step of 0 is forbidden; a lost block leaves them. Raises: DamagedPicture."""
    at = 0
    while at < len(body):
        width = 2 if body[at] >> 4 else 1
        table = body[at + 1 : at + 1 + 64 * width]
        if len(table) < 64 * width or 0 in memoryview(table).cast("H" if width == 2 else "B"):
            raise DamagedPicture("a quantization table is damaged")
        at += 1 + 64 * width


def _check_complete(found: Structure) -> None:
    """Every coefficient of every component was sent to its last bit. Raises: DamagedPicture."""
    for component in found.components:
        if any(found._precision.get(component.number, [-1])):
            raise DamagedPicture("some of its scans are missing")
