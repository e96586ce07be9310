"""EXIF's orientation and time, from the block that JPEG, PNG and WebP files carry."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_ORIENTATION, _DATE_TIME, _EXIF, _TAKEN = 0x0112, 0x0132, 0x8769, 0x9003
_LONG = 4
_TIME_BYTES = 19  # 2026:01:31 12:00:00
_MOST_ENTRIES = 1000


def orientation(block: bytes) -> int:
    """EXIF's number, 1 to 8; 1 (upright) where the block has none or makes no sense.

    block: a TIFF header with its first directory, with or without the mark ``Exif`` before it.
    """
    block, order, first = _begin(block)
    for tag, kind, entry in _entries(block, order, first):
        if tag == _ORIENTATION:
            # SHORT by the standard; some writers take a LONG.
            code = order + ("I" if kind == _LONG else "H")
            value: int = struct.unpack_from(code, block, entry + 8)[0]
            return value if 1 <= value <= 8 else 1
    return 1


def taken(block: bytes) -> str:
    """When the picture was taken, ``2026:01:31 12:00:00`` by the camera's clock; empty: not said.

    block: as for `orientation`.
    """
    block, order, first = _begin(block)
    places = {tag: _long(block, order, at) for tag, _, at in _entries(block, order, first)}
    inner = _entries(block, order, places[_EXIF]) if _EXIF in places else ()
    places |= {tag: _long(block, order, at) for tag, _, at in inner}
    at = places.get(_TAKEN, places.get(_DATE_TIME))
    words = block[at : at + _TIME_BYTES] if at else b""
    return words.decode("ascii", "replace") if len(words) == _TIME_BYTES else ""


def _begin(block: bytes) -> tuple[bytes, str, int]:
    """The block without its mark, its byte order, and where its first directory is; 0: nowhere."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return b"", "<", 0
    return block, order, struct.unpack_from(order + "I", block, 4)[0]


def _long(block: bytes, order: str, entry: int) -> int:
    """The value of an entry that is one LONG or the place of something longer."""
    value: int = struct.unpack_from(order + "I", block, entry + 8)[0]
    return value


def _entries(block: bytes, order: str, at: int) -> Iterator[tuple[int, int, int]]:
    """Tag, kind and place of each entry of the directory that begins at `at`."""
    if not at or at + 2 > len(block):
        return
    count = min(struct.unpack_from(order + "H", block, at)[0], _MOST_ENTRIES)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(block) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", block, entry)
        yield tag, kind, entry
