"""EXIF's orientation, from the block that JPEG, PNG and WebP files carry."""

from __future__ import annotations

import struct

_ORIENTATION = 0x0112
_MOST_ENTRIES = 1000


def orientation(block: bytes) -> int:
    """EXIF's number, 1 to 8; 1 (upright) where the block has none or makes no sense.

    block: a TIFF header with its first directory, with or without the mark ``Exif`` before it.
    """
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1
    at = struct.unpack_from(order + "I", block, 4)[0]
    if at + 2 > len(block):
        return 1
    count = min(struct.unpack_from(order + "H", block, at)[0], _MOST_ENTRIES)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(block) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", block, entry)
        if tag == _ORIENTATION:
            # SHORT by the standard; some writers take a LONG.
            code = order + ("I" if kind == 4 else "H")
            value: int = struct.unpack_from(code, block, entry + 8)[0]
            return value if 1 <= value <= 8 else 1
    return 1
