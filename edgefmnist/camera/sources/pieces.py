"""Bytes of a connection as they come, out of which pictures are taken piece by piece."""

from __future__ import annotations

from collections.abc import Callable

MOST_BYTES = 16_000_000
"""Of one picture: a JPEG of a camera has a tenth of that."""


class Ended(Exception):
    """There are no more."""


class TooMuch(ValueError):
    """More than a piece may have; its words say what."""


class Pieces:
    """What came and was not taken yet, in `_buffer`."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        """read: gives some more, nothing at the end."""
        self._read = read
        self._buffer = bytearray()

    def _fill(self) -> None:
        """Read on. Raises: Ended, what `read` raises."""
        more = self._read()
        if not more:
            raise Ended
        self._buffer += more

    def _taken(self, count: int) -> bytes:
        """Take `count` bytes that are there."""
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
