"""JPEG pictures one after the other with nothing between them, as libcamera and libjpeg write them.

Split here and not by FFmpeg: that holds each picture back until the next begins, and looks at 50 of
them before it gives the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from edgefmnist.camera.sources.http.multipart import MOST_BYTES, Ended, TooMuch

BEGINS = b"\xff\xd8\xff"
"""How a JPEG picture begins: the start of the image, and that of a marker (ITU-T T.81, B.1.1.2)."""

_START = re.compile(rb"\xff\xd8\xff[\xc0-\xc4\xdb\xdd\xe0-\xef\xfe]")  # and a first segment

_SOI, _EOI = 0xD8, 0xD9
_NO_SEGMENT = frozenset({0x00, 0x01, *range(0xD0, 0xD8)})  # stuffing in coded data, and restarts


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


class Jpegs:
    """Reads picture after picture; a `mjpeg.Parts`."""

    timestamp = b""

    def __init__(self, read: Callable[[], bytes]) -> None:
        """read: gives some more, nothing at the end."""
        self._read = read
        self._buffer = bytearray()

    def part(self) -> bytes:
        """The next picture; one that is cut goes up to where another begins.

        Raises: Ended, TooMuch, what `read` raises.
        """
        self._skip_to_picture()
        end = self._end()
        taken = bytes(self._buffer[:end])
        del self._buffer[:end]
        return taken

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
            if marker == _EOI:
                return at
            if marker == _SOI:
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

    def _fill(self) -> None:
        more = self._read()
        if not more:
            raise Ended
        self._buffer += more
