"""The parts of a multipart body without end, in the dialects of cameras."""

from __future__ import annotations

from collections.abc import Callable

from edgefmnist.camera.sources.pieces import MOST_BYTES, Pieces, TooMuch

_LONGEST_LINE = 1 << 14
_MOST_HEADERS = 100
_TELLING_BYTES = 6  # of a boundary that no coded data are mistaken for


class Multipart(Pieces):
    """Reads part after part.

    The boundary is what the body begins with: there are cameras whose header names another. A part
    ends where its Content-Length says or, without one, at the next boundary.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        """read: gives some more of the body, nothing at its end."""
        super().__init__(read)
        self._boundary = b""
        self._at_part = False  # the next boundary was read already
        self.timestamp = b""
        """Of the newest part, by the camera's own clock, if it says so."""

    def part(self) -> bytes:
        """The body of the next part.

        Raises: Ended, TooMuch, what `read` raises.
        """
        length = self._headers()
        return self._until_boundary() if length is None else self._exactly(length)

    def _headers(self) -> int | None:
        """Skip to the next part, and past its headers; its Content-Length where it has one."""
        skipped = 0
        while not (self._at_part or self._is_boundary(line := self._line())):
            skipped += len(line)
            if skipped > MOST_BYTES:
                raise TooMuch(f"no boundary in {MOST_BYTES // 1_000_000} MB")
        self._at_part = False
        length, self.timestamp = None, b""
        for _ in range(_MOST_HEADERS):
            line = self._line().strip()
            if not line:
                return length
            key, _, value = line.partition(b":")
            if key.strip().lower() == b"x-timestamp":
                self.timestamp = value.strip()
            if key.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value) if len(value) < 20 else MOST_BYTES + 1
        raise TooMuch(f"over {_MOST_HEADERS} headers in a part")

    def _is_boundary(self, line: bytes) -> bool:
        word = line.strip()
        if not self._boundary:
            self._boundary = word
        return word != b"" and word in (self._boundary, self._boundary + b"--")

    def _boundary_within(self, line: bytes) -> int | None:
        """Where a boundary begins that follows the body without a line end between."""
        if len(self._boundary) < _TELLING_BYTES:
            return None
        text = line.rstrip()
        for word in (self._boundary, self._boundary + b"--"):
            if text.endswith(word):
                return len(text) - len(word)
        return None

    def _exactly(self, length: int) -> bytes:
        if length > MOST_BYTES:
            raise TooMuch(f"a part of {length} bytes")
        while len(self._buffer) < length:
            self._fill()
        return self._taken(length)

    def _until_boundary(self) -> bytes:
        body = bytearray()
        while len(body) <= MOST_BYTES:
            line = self._line(whole=False)
            self._at_part = self._is_boundary(line)
            if self._at_part:
                return bytes(body)
            if (end := self._boundary_within(line)) is not None:
                self._at_part = True
                return bytes(body + line[:end])
            body += line
        raise TooMuch(f"a part of over {MOST_BYTES // 1_000_000} MB")

    def _line(self, *, whole: bool = True) -> bytes:
        """The next line with its end; not `whole`: a piece of a longer one is enough."""
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked >= _LONGEST_LINE:
                if whole:
                    raise TooMuch("a line without end")
                return self._taken(looked)
            self._fill()
        return self._taken(end + 1)
