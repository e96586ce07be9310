"""PNG and animated PNG (W3C Portable Network Graphics, third edition)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from edgefmnist.camera.pictures.headers import exif
from edgefmnist.camera.pictures.headers.header import DAMAGED, Header, Unreadable

_MOST_CHUNKS = 100_000


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data.startswith(b"\x89PNG\r\n\x1a\n")


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise Unreadable(DAMAGED)
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    orientation, transparent, animated, taken = 1, colour in (4, 6), False, ""
    for name, at, length in _chunks(data):
        if name == b"eXIf":
            block = data[at : at + length]
            orientation, taken = exif.orientation(block), exif.taken(block)
        elif name == b"tRNS":
            transparent = True
        elif name == b"acTL":
            animated = struct.unpack_from(">I", data[at : at + 4].ljust(4, b"\0"))[0] > 1
    canvas = 12 * (2 if bits == 16 else 1) if animated else 0
    return Header(
        kind="PNG",
        width=width,
        height=height,
        orientation=orientation,
        alpha=transparent,
        deep=bits == 16,
        overhead_bytes=width * height * canvas,
        animated=animated,
        taken=taken,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each chunk.

    The decoder asks for memory by what a chunk declares, before it looks how much is there.

    Raises: Unreadable where there is less, or no end.
    """
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            break
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 8 + length > len(data):
            break
        yield name, at + 8, length
        if name == b"IEND":
            return
        at += 12 + length
    raise Unreadable(DAMAGED)
