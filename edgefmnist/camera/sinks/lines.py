"""Lines that arrive whole, also where a disk is full for a while."""

from __future__ import annotations

import contextlib
import os
from typing import Protocol, TextIO

from edgefmnist.quiet import lead_nowhere


class Writer(Protocol):
    """What takes the lines: `WholeLines`, `log_file.RotatingFile`."""

    def write(self, line: str) -> int:
        """Write one line, which comes without its end. Raises: OSError."""
        ...

    def close(self) -> None:
        """Called once, at the end. Raises: OSError."""
        ...


class LineSink:
    """What sinks that write lines have in common: they fail until a line is written again."""

    def __init__(self, writer: Writer, name: str) -> None:
        """Write to `writer`. name: of the sink."""
        self.name = name
        self._writer = writer
        self._error: OSError | None = None

    def put(self, line: str | None) -> None:
        """Write `line`; where there is none, raise what the one before failed with.

        Raises: BrokenPipeError where the reader is gone, OSError.
        """
        if line is None:
            if self._error is not None:
                # The same error again and again would gather a traceback at each raise.
                raise self._error.with_traceback(None)
            return
        try:
            self._writer.write(line)
        except OSError as error:
            self._error = error
            raise
        self._error = None

    def close(self) -> None:
        """Nothing is held back. Raises: OSError that tells what was lost."""
        self._writer.close()


class WholeLines:
    """Writes lines to a file descriptor, each at once and whole.

    A disk that is full takes half a line. Its rest is kept and goes first when there is room
    again; lines in between are lost and counted. Nothing is buffered in Python, so leaving it
    does not stumble over what could not be written.
    """

    def __init__(
        self, descriptor: int, *, encoding: str = "utf-8", errors: str = "backslashreplace"
    ) -> None:
        """Write to `descriptor`, which stays open."""
        self._descriptor = descriptor
        self._encoding = encoding
        self._errors = errors
        self._rest = b""
        self._lost = 0

    @property
    def lost(self) -> int:
        """Lines that were not written whole so far."""
        return self._lost + bool(self._rest)

    @classmethod
    def of(cls, stream: TextIO) -> WholeLines:
        """Write to where `stream` leads, after what it holds already."""
        stream.flush()
        errors = stream.errors or "strict"
        return cls(stream.fileno(), encoding=stream.encoding, errors=errors)

    def write(self, line: str) -> int:
        """Write one line; returns its bytes.

        Raises: OSError; BrokenPipeError where the reader is gone (``... | head``), and the
        descriptor then leads nowhere, so that nothing written later stumbles over it.
        """
        data = (line + "\n").encode(self._encoding, self._errors)
        begun = False
        try:
            self._finish()
            self._rest, begun = data, True
            self._finish()
        except BrokenPipeError:
            lead_nowhere(self._descriptor)
            raise
        except OSError:
            if not begun:
                self._lost += 1
            elif self._rest == data:  # nothing of it is written: it is given up
                self._lost += 1
                self._rest = b""
            raise
        return len(data)

    def close(self) -> None:
        """The descriptor stays open. Raises: OSError that tells how many lines were lost."""
        with contextlib.suppress(OSError):
            self._finish()
        tell_lost(self.lost)

    def _finish(self) -> None:
        while self._rest:
            self._rest = self._rest[os.write(self._descriptor, self._rest) :]


def tell_lost(count: int) -> None:
    """Raises: OSError where `count` lines were lost."""
    if count:
        raise OSError(f"{count:,} {'line was' if count == 1 else 'lines were'} lost")
