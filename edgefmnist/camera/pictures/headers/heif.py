"""AVIF, and HEIC as far as to name it (ISO/IEC 23008-12; AV1 Image File Format).

Its size stands twice: in the box `ispe`, and in the AV1 sequence header, which the decoder goes by.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from edgefmnist.camera.pictures.headers.header import DAMAGED, Header, Unreadable

_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs")
_MOST_BOXES = 10_000
_PIXEL, _DEEP_PIXEL = 12, 20  # bytes that the decoder takes for each, of 8 bits and of more
_SEQUENCE_HEADER = 1  # type of an OBU (AV1 specification, 6.2.2)


def matches(data: bytes) -> bool:
    """Whether a file that begins so is an AVIF."""
    return data[4:8] == b"ftyp" and any(brand in (b"avif", b"avis") for brand in _brands(data))


def is_heic(data: bytes) -> bool:
    """Whether a file that begins so is a HEIC, or another of its kin that is no AVIF."""
    if data[4:8] != b"ftyp" or matches(data):
        return False
    return any(brand in (*_HEIC, b"mif1", b"msf1", b"heif") for brand in _brands(data))


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    if data[8:12] == b"avis":
        raise Unreadable("is an animated AVIF: save one of its pictures as JPEG or PNG")
    try:
        meta = _child(data, 0, len(data), b"meta")
        if meta is None:
            raise Unreadable(DAMAGED)
        start, end = meta[0] + 4, meta[1]
        ispe, turns, alpha, deep = _properties(data, start, end)
        sizes = ispe + list(_coded_sizes(data, start, end))
    except (struct.error, IndexError) as error:
        raise Unreadable(DAMAGED) from error
    if not ispe:
        raise Unreadable(DAMAGED)
    width, height = max(ispe, key=lambda size: size[0] * size[1])
    most = max(w * h for w, h in sizes)
    return Header(
        kind="AVIF",
        width=width,
        height=height,
        orientation=_orientation(turns),
        alpha=alpha,
        deep=deep,
        overhead_bytes=most * (_DEEP_PIXEL if deep else _PIXEL),
    )


def _brands(data: bytes) -> list[bytes]:
    length = min(int.from_bytes(data[:4], "big"), 256)
    return [data[at : at + 4] for at in range(8, max(length, 12), 4) if at != 12]


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box from `start` to `end`."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        length, name = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1:
            length, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        stop = end if length == 0 else min(start + length, end)
        if stop < start + head:
            return
        yield name, start + head, stop
        start = stop


def _child(data: bytes, start: int, end: int, name: bytes) -> tuple[int, int] | None:
    return next(((a, b) for found, a, b in _boxes(data, start, end) if found == name), None)


def _properties(
    data: bytes, start: int, end: int
) -> tuple[list[tuple[int, int]], list[tuple[bytes, int]], bool, bool]:
    """All sizes, the primary item's turns in order, whether there is alpha, whether it is deep."""
    sizes: list[tuple[int, int]] = []
    alpha = deep = False
    iprp = _child(data, start, end, b"iprp")
    ipco = None if iprp is None else _child(data, *iprp, b"ipco")
    if iprp is None or ipco is None:
        return [], [], False, False
    found: list[tuple[bytes, int]] = []
    for name, at, stop in _boxes(data, *ipco):
        value = data[at] if stop > at else 0
        found.append((name, value))
        if name == b"ispe":
            sizes.append(struct.unpack_from(">II", data, at + 4))
        elif name == b"auxC":
            alpha = alpha or b"alpha" in data[at:stop]
        elif name == b"av1C" and stop >= at + 3:
            deep = deep or bool(data[at + 2] & 0x40)  # high_bitdepth
    turns = [
        found[index - 1]
        for index in _of_primary(data, start, end, iprp)
        if 0 < index <= len(found) and found[index - 1][0] in (b"irot", b"imir")
    ]
    return sizes, turns, alpha, deep


def _of_primary(data: bytes, start: int, end: int, iprp: tuple[int, int]) -> list[int]:
    """Numbers, from 1 on, of the properties of the primary item in their order."""
    pitm, ipma = _child(data, start, end, b"pitm"), _child(data, *iprp, b"ipma")
    if pitm is None or ipma is None:
        return []
    wide = data[pitm[0]] > 0
    primary = struct.unpack_from(">I" if wide else ">H", data, pitm[0] + 4)[0]
    version, flags = data[ipma[0]], data[ipma[0] + 3]
    entries = min(struct.unpack_from(">I", data, ipma[0] + 4)[0], _MOST_BOXES)
    at, step = ipma[0] + 8, 2 if flags & 1 else 1
    for _ in range(entries):
        item = struct.unpack_from(">I" if version else ">H", data, at)[0]
        at += 4 if version else 2
        count = data[at]
        numbers = [
            int.from_bytes(data[place : place + step], "big") & (0x7FFF if step == 2 else 0x7F)
            for place in range(at + 1, at + 1 + count * step, step)
        ]
        if item == primary:
            return numbers
        at += 1 + count * step
    return []


def _orientation(turns: list[tuple[bytes, int]]) -> int:
    """Turns (irot: quarters against the clock) and mirrors (imir) in order, as EXIF's number."""
    # As what each does to a picture: a quarter turn to the left so many times, after a mirror.
    mirrored, quarters = False, 0
    for name, value in turns:
        if name == b"irot":
            quarters = (quarters + (value & 3)) % 4
        else:
            # Left and right change places (axis 1); top and bottom (axis 0): and half a turn more.
            quarters = (-quarters + (0 if value & 1 else 2)) % 4
            mirrored = not mirrored
    return ((1, 8, 3, 6), (2, 5, 4, 7))[mirrored][quarters]


def _coded_sizes(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The size in the AV1 sequence header of each item."""
    iloc = _child(data, start, end, b"iloc")
    if iloc is None:
        raise Unreadable(DAMAGED)
    idat = _child(data, start, end, b"idat")
    for at in _item_starts(data, iloc[0], idat[0] if idat else 0):
        size = _sequence_size(data[at : at + 512])
        if size is not None:
            yield size


def _item_starts(data: bytes, at: int, idat: int) -> Iterator[int]:
    """Where the content of each item begins (ISO/IEC 14496-12, 8.11.3)."""
    version = data[at]
    offset_bytes, length_bytes = data[at + 4] >> 4, data[at + 4] & 15
    base_bytes, index_bytes = data[at + 5] >> 4, (data[at + 5] & 15 if version else 0)

    def number(length: int) -> int:
        nonlocal at
        at += length
        return int.from_bytes(data[at - length : at], "big")

    at += 6
    for _ in range(min(number(4 if version == 2 else 2), _MOST_BOXES)):
        number(4 if version == 2 else 2)
        in_idat = version > 0 and number(2) & 15 == 1
        number(2)
        base = number(base_bytes) + (idat if in_idat else 0)
        for extent in range(min(number(2), _MOST_BOXES)):
            number(index_bytes)
            offset = number(offset_bytes)
            number(length_bytes)
            if extent == 0:
                yield base + offset


def _sequence_size(stream: bytes) -> tuple[int, int] | None:
    """Largest width and height in the first sequence header (AV1 specification, 5.5)."""
    at = 0
    while at < len(stream):
        head = stream[at]
        at += 2 if head & 4 else 1  # extension
        length = len(stream) - at
        if head & 2:
            length, shift = 0, 0
            while at < len(stream) and shift < 35:
                length |= (stream[at] & 0x7F) << shift
                shift, at = shift + 7, at + 1
                if not stream[at - 1] & 0x80:
                    break
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            return _Bits(stream[at : at + length]).sequence_size()
        at += length
    return None


class _Bits:
    """Reads a sequence header bit by bit."""

    def __init__(self, data: bytes) -> None:
        self._left = len(data) * 8
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        """The next `count` bits. Raises: IndexError where there are no more."""
        self._left -= count
        if self._left < 0:
            raise IndexError
        return self._value >> self._left & ((1 << count) - 1)

    def sequence_size(self) -> tuple[int, int]:
        self.take(3 + 1)  # seq_profile, still_picture
        if self.take(1):  # reduced_still_picture_header
            self.take(5)
        else:
            if self.take(1):
                self._timing()
            else:
                self._operating_points(decoder_model=False, delay_bits=0)
        width_bits, height_bits = self.take(4) + 1, self.take(4) + 1
        return self.take(width_bits) + 1, self.take(height_bits) + 1

    def _timing(self) -> None:
        self.take(64)
        if self.take(1):  # equal_picture_interval
            zeros = 0
            while not self.take(1):
                zeros += 1
            self.take(zeros)
        decoder_model = bool(self.take(1))
        delay_bits = 0
        if decoder_model:
            delay_bits = self.take(5) + 1
            self.take(32 + 5 + 5)
        self._operating_points(decoder_model=decoder_model, delay_bits=delay_bits)

    def _operating_points(self, *, decoder_model: bool, delay_bits: int) -> None:
        display_delay = self.take(1)
        for _ in range(self.take(5) + 1):
            self.take(12)
            if self.take(5) > 7:
                self.take(1)
            if decoder_model and self.take(1):
                self.take(2 * delay_bits + 1)
            if display_delay and self.take(1):
                self.take(4)
