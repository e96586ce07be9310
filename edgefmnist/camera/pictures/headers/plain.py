"""GIF, BMP and the portable bitmaps PBM, PGM and PPM."""

from __future__ import annotations

import dataclasses
import re
import struct

from edgefmnist.camera.pictures.headers.header import DAMAGED, Header, Unreadable

_GAP = rb"(?:\s|#[^\n\r]*[\n\r])+"  # white space, or a comment to the end of its line
_PORTABLE = re.compile(rb"P([1-6])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})")
_LEVELS = re.compile(_GAP + rb"(\d{1,9})")
_CANVASES = 8  # bytes a pixel that a GIF takes beside its output
_MOST_BLOCKS = 100_000


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    is_portable = data[:1] == b"P" and data[1:2] in b"123456" and data[2:3] in b"\n\r\t #"
    return data.startswith((b"GIF87a", b"GIF89a", b"BM")) or (is_portable and len(data) > 2)


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    try:
        if data.startswith(b"GIF"):
            return _gif(data)
        return _bmp(data) if data.startswith(b"BM") else _portable(data)
    except struct.error as error:
        raise Unreadable(DAMAGED) from error


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header(
        kind="GIF",
        width=width,
        height=height,
        alpha=True,
        overhead_bytes=width * height * _CANVASES,
        animated=_has_two_images(data),
    )


def _has_two_images(data: bytes) -> bool:
    """Whether a second image descriptor comes in a GIF's chain of blocks (GIF89a, section 20)."""
    flags = data[10] if len(data) > 10 else 0
    at, images = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0), 0
    for _ in range(_MOST_BLOCKS):
        if at + 10 > len(data) or data[at] not in b"!,":
            return False
        if data[at] == 0x2C:
            images += 1
            if images == 2:
                return True
            flags = data[at + 9]
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            at += 2
        while at < len(data) and data[at]:  # sub-blocks
            at += 1 + data[at]
        at += 1
    return False


def _bmp(data: bytes) -> Header:
    length = struct.unpack_from("<I", data, 14)[0]
    if length == 12:  # OS/2
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    return Header(kind="BMP", width=abs(width), height=abs(height), alpha=bits == 32)


def _portable(data: bytes) -> Header:
    found = _PORTABLE.match(data[:4096])
    if found is None:
        raise Unreadable(DAMAGED)
    kind = {b"1": "PBM", b"4": "PBM", b"2": "PGM", b"5": "PGM"}.get(found[1], "PPM")
    header = Header(kind=kind, width=int(found[2]), height=int(found[3]))
    levels = _LEVELS.match(data[: found.end() + 4096], found.end())
    if kind == "PBM" or levels is None:
        return header
    white = int(levels[1])
    if not 1 <= white <= 65535:
        raise Unreadable(DAMAGED)
    if not data[levels.end() : levels.end() + 1].isspace():
        raise Unreadable("has a comment where its pixels should begin: write it without comments")
    done = white in (255, 65535) or (white < 255 and found[1] in b"23")  # by OpenCV
    return dataclasses.replace(header, deep=white > 255, white=0 if done else white)
