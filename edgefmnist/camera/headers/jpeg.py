"""JPEG: size, orientation, and what a progressive one takes (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
import struct

from edgefmnist.camera.headers import exif
from edgefmnist.camera.headers.header import DAMAGED, Header, Unreadable

_BARE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})  # markers without a length
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODED = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})  # baseline, extended, progressive; arithmetic
_PROGRESSIVE = frozenset({0xC2, 0xCA})
_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MOST_SCANS = 100  # each goes over the whole picture; encoders write ten or so


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data.startswith(b"\xff\xd8\xff")


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    at, orientation, frame = 2, 1, b""
    kind = 0
    while True:
        at = data.find(b"\xff", at)
        while at >= 0 and data[at + 1 : at + 2] == b"\xff":  # padding
            at += 1
        if at < 0 or at + 4 > len(data):
            raise Unreadable(DAMAGED)
        marker = data[at + 1]
        if marker in _BARE or marker == 0:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if marker == _END or length < 2:
            raise Unreadable(DAMAGED)
        if marker == _APP1 and body.startswith(b"Exif\0\0") and orientation == 1:
            orientation = exif.orientation(body)
        elif marker in _FRAMES and not frame:
            kind, frame = marker, body
        elif marker == _SCAN:
            return _header(data, at, kind, frame, orientation, body)
        at += 2 + length


def _header(
    data: bytes, scan_at: int, kind: int, frame: bytes, orientation: int, scan: bytes
) -> Header:
    if len(frame) < 6 or not scan or len(frame) < 6 + 3 * frame[5]:
        raise Unreadable(DAMAGED)
    if kind not in _DECODED:
        raise Unreadable("is a JPEG of a rare kind (lossless or 12 bits): save it as a usual one")
    height, width, components = struct.unpack(">HHB", frame[1:6])
    overhead = 0
    # A decoder that gets a picture in several passes holds all of its coefficients, 16 bits each.
    if kind in _PROGRESSIVE or scan[0] < components:
        factors = [frame[7 + 3 * n] for n in range(components)]
        areas = [(factor >> 4) * (factor & 15) for factor in factors]
        whole = max(f >> 4 for f in factors) * max(f & 15 for f in factors) or 1
        overhead = 2 * (width + 64) * (height + 64) * sum(areas) // whole
        if _scans(data, scan_at) > _MOST_SCANS:
            raise Unreadable(f"is a JPEG of over {_MOST_SCANS} scans: save it as a usual one")
    return Header(
        kind="JPEG",
        width=width,
        height=height,
        orientation=orientation,
        overhead_bytes=overhead,
        scales=True,
    )


def _scans(data: bytes, at: int) -> int:
    """How many scans there are from `at` on, up to the end of the picture."""
    count = 0
    while count <= _MOST_SCANS and (found := _NEXT_MARKER.search(data, at)) is not None:
        marker = found[0][1]
        count += marker == _SCAN
        if marker == _END:
            break
        at = found.start() + 2
        if marker not in _BARE:
            at += int.from_bytes(data[at : at + 2], "big")
    return count
