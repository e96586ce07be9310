"""JPEG 2000, as a file or a bare codestream (ITU-T T.800, annexes A and I)."""

from __future__ import annotations

import struct

from edgefmnist.camera.pictures.headers.header import DAMAGED, Header, Unreadable

_FILE = b"\0\0\0\x0cjP  \r\n\x87\n"
_SIZ = b"\xff\x4f\xff\x51"  # start of codestream, then its size
_SAMPLE = 4  # bytes that the decoder takes for each


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data.startswith((_FILE, _SIZ))


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    found: list[tuple[int, int, int, bool]] = []
    at = data.find(_SIZ)
    while at >= 0 and len(found) < 100:
        body = data[at + 8 : at + 50]
        if len(body) < 35:
            break
        right, bottom, left, top = struct.unpack_from(">4I", body)
        components = struct.unpack_from(">H", body, 32)[0]
        depth = (body[34] & 0x7F) + 1
        found.append((max(0, right - left), max(0, bottom - top), components, depth > 8))
        at = data.find(_SIZ, at + 4)
    if not found:
        raise Unreadable(DAMAGED)
    width, height, components, deep = max(found, key=lambda one: one[0] * one[1] * one[2])
    return Header(
        kind="JPEG 2000",
        width=width,
        height=height,
        alpha=components == 4,
        deep=deep,
        overhead_bytes=width * height * components * _SAMPLE,
    )
