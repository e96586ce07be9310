"""JPEG pictures one after the other with nothing between them, as libcamera and libjpeg write them.

Split here and not by FFmpeg: that holds each picture back until the next begins, and looks at 50 of
them before it gives the first.
"""

from __future__ import annotations

import re

from edgefmnist.camera.decoding.jpeg_structure import ALONE, BEGINS, EOI, SOI
from edgefmnist.camera.sources.pieces import MOST_BYTES, Pieces, TooMuch

_START = re.compile(rb"\xff\xd8\xff[\xc0-\xc4\xdb\xdd\xe0-\xef\xfe]")  # and a first segment

_NO_SEGMENT = ALONE | {0x00}  # which is stuffing in coded data


def has_picture(data: bytes) -> bool:
    """Whether a picture begins somewhere in `data`, also after bytes that are part of none.

    Four bytes may come about by chance in any coded data: the first segment must lie in `data` too,
    and be followed by a marker.
    """
    for found in _START.finditer(data):
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
        if at + 1 < len(data) and data[at] == 0xFF and data[at + 1] >= 0xC0:
            return True
    return False


class Jpegs(Pieces):
    """Reads picture after picture; a `mjpeg.Parts`."""

    timestamp = b""

    def part(self) -> bytes:
        """The next picture; one that is cut goes up to where another begins.

        Raises: Ended, TooMuch, what `read` raises.
        """
        self._skip_to_picture()
        return self._taken(self._end())

    def _skip_to_picture(self) -> None:
        skipped = 0
        while (at := self._buffer.find(BEGINS)) < 0:
            stray = max(0, len(self._buffer) - len(BEGINS) + 1)
            del self._buffer[:stray]
            skipped += stray
            if skipped > MOST_BYTES:
                raise TooMuch(f"no picture in {MOST_BYTES // 1_000_000} MB")
            self._fill()
        del self._buffer[:at]

    def _end(self) -> int:
        """Where the picture ends that the buffer begins with."""
        at = 2
        while True:
            marker, at = self._marker(at)
            if marker == EOI:
                return at
            if marker == SOI:
                return at - 2
            if marker not in _NO_SEGMENT:  # its length says where it ends: it may hold a thumbnail
                self._have(at + 2)
                at += max(2, int.from_bytes(self._buffer[at : at + 2], "big"))

    def _marker(self, at: int) -> tuple[int, int]:
        """The first marker from `at` on, and where it ends."""
        while True:
            self._have(at + 2)
            found = self._buffer.find(b"\xff", at, -1)
            if found < 0:
                at = len(self._buffer) - 1
            elif self._buffer[found + 1] == 0xFF:  # any number of these may come before it
                at = found + 1
            else:
                return self._buffer[found + 1], found + 2

    def _have(self, count: int) -> None:
        """Read until the buffer holds `count` bytes."""
        while len(self._buffer) < count:
            if count > MOST_BYTES:
                raise TooMuch(f"a picture of over {MOST_BYTES // 1_000_000} MB")
            self._fill()
