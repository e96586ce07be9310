"""WebP (RFC 9649)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from edgefmnist.camera.pictures.headers import exif
from edgefmnist.camera.pictures.headers.header import DAMAGED, Header, Unreadable

_ALPHA, _ANIMATION = 0x10, 0x02  # flags of VP8X
_MOST_CHUNKS = 100_000
_CANVAS = 8  # bytes a pixel that an animation takes more


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    sizes: list[tuple[int, int]] = []
    orientation, alpha, animated, taken = 1, False, False, ""
    for name, at, length in _chunks(data):
        body = data[at : at + min(length, 10)]
        if name == b"VP8X" and len(body) == 10:
            alpha, animated = alpha or bool(body[0] & _ALPHA), bool(body[0] & _ANIMATION)
            sizes.append((_three(body, 4) + 1, _three(body, 7) + 1))
        elif name == b"VP8L" and len(body) >= 5:
            bits = struct.unpack_from("<I", body, 1)[0]
            sizes.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
            alpha = alpha or bool(bits >> 28 & 1)
        elif name == b"VP8 " and len(body) == 10:
            width, height = struct.unpack_from("<HH", body, 6)
            sizes.append((width & 0x3FFF, height & 0x3FFF))
        elif name == b"EXIF":
            block = data[at : at + length]
            orientation, taken = exif.orientation(block), exif.taken(block)
    if not sizes:
        raise Unreadable(DAMAGED)
    width, height = max(w for w, _ in sizes), max(h for _, h in sizes)
    return Header(
        kind="WebP",
        width=width,
        height=height,
        orientation=orientation,
        alpha=alpha,
        overhead_bytes=width * height * _CANVAS if animated else 0,
        animated=animated,
        taken=taken,
    )


def _three(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 3], "little")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each chunk."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            return
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, length
        at += 8 + length + length % 2
