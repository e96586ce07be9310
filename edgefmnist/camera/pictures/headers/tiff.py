"""TIFF and BigTIFF: the first directory (TIFF 6.0, section 2). OpenCV turns them upright."""

from __future__ import annotations

import struct

from edgefmnist.camera.pictures.headers.header import DAMAGED, Header, Unreadable

_MOST_ENTRIES = 4096
_SIZES = {1: 1, 3: 2, 4: 4, 16: 8}  # bytes of BYTE, SHORT, LONG, LONG8
_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}

_ORIENTATION = 274
_SUBFILE, _WIDTH, _HEIGHT, _BITS = 254, 256, 257, 258
_SAMPLES, _ROWS, _TILE_WIDTH, _TILE_HEIGHT = 277, 278, 322, 323
_EXTRA, _FORMAT, _DNG = 338, 339, 50706
_REDUCED = 1  # of `_SUBFILE`: a thumbnail, with which camera raw files begin
_FLOAT = 3  # of `_FORMAT`

_RAW = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")  # Olympus, Panasonic: TIFF but for the number


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_raw(data: bytes) -> bool:
    """Whether it is a camera's raw file that only resembles one."""
    return data.startswith(_RAW)


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    try:
        tags = _first_directory(data)
    except struct.error as error:
        raise Unreadable(DAMAGED) from error
    if _DNG in tags or data[8:10] == b"CR" or _top(tags, _SUBFILE, 0) & _REDUCED:
        raise Unreadable("is a camera's raw file, which cannot be decoded here: export it as JPEG")
    width, height = _top(tags, _WIDTH, 0), _top(tags, _HEIGHT, 0)
    bits, samples = _top(tags, _BITS, 1), _top(tags, _SAMPLES, 1)
    if bits > 16 or _FLOAT in tags.get(_FORMAT, ()):
        raise Unreadable("is a TIFF of more than 16 bits a sample: save it with 8 or 16")
    rows = min(_top(tags, _ROWS, height), height)
    part = max(rows * width, _top(tags, _TILE_WIDTH, 0) * _top(tags, _TILE_HEIGHT, 0))
    deep = bits > 8
    if tags.get(_ORIENTATION, (1,))[0] in (5, 6, 7, 8):
        width, height = height, width
    return Header(
        kind="TIFF",
        width=width,
        height=height,
        alpha=samples in (2, 4) and _EXTRA in tags,
        deep=deep,
        # The strip or tile, as stored and as pixels; libtiff may hold it compressed beside.
        overhead_bytes=part * (max(samples, 1) * (2 if deep else 1) + 4) + len(data),
    )


def _top(tags: dict[int, tuple[int, ...]], tag: int, default: int) -> int:
    """The greatest value: who writes a tag twice gets no more by it."""
    return max(tags.get(tag, (default,)), default=default)


def _first_directory(data: bytes) -> dict[int, tuple[int, ...]]:
    """Whole-number tags and their first values. Raises: struct.error where it does not fit."""
    order = "<" if data[:2] == b"II" else ">"
    big = b"+" in data[2:4]
    at = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(order + ("Q" if big else "H"), data, at)[0]
    at += 8 if big else 2
    step, room = (20, 8) if big else (12, 4)
    found: dict[int, tuple[int, ...]] = {}
    for entry in range(at, at + step * min(count, _MOST_ENTRIES), step):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        length = struct.unpack_from(order + ("Q" if big else "I"), data, entry + 4)[0]
        if kind not in _SIZES or length == 0:
            continue
        length = min(length, 8)
        place = entry + (12 if big else 8)
        if length * _SIZES[kind] > room:
            place = struct.unpack_from(order + ("Q" if big else "I"), data, place)[0]
        try:
            values = struct.unpack_from(f"{order}{length}{_CODES[kind]}", data, place)
        except struct.error:  # points out of the file; libtiff then leaves the tag out
            continue
        found[tag] = (*found.get(tag, ()), *values)
    return found
