"""Hands frames from a source to the loop: always the newest of a live one, every one of a file.

A live source is read in a thread of its own into a mailbox of one frame. Whoever is slow finds
the newest frame there and the count of those it missed; nothing queues, so nothing lags. The loop
sees only `take`, `dropped`, `ended` and `close`.
"""

from __future__ import annotations

import threading
import time

from edgefmnist.camera.capture import Capture
from edgefmnist.camera.events import State, Status
from edgefmnist.camera.source import Source, SourceConfig, open_source
from edgefmnist.records import Frame

_CLOSE_S = 12.0  # longer than any source's own read timeout


def open_capture(config: SourceConfig, give_up_after_s: float | None) -> Capture:
    return start_capture(open_source(config))


def start_capture(source: Source) -> Capture:
    """Start to capture in the way that suits the source, which the capture then owns."""
    return _Newest(source) if source.live else _LockStep(source)


class _LockStep:
    """Every frame, read when it is asked for: runs on files and the demo are reproducible."""

    def __init__(self, source: Source) -> None:
        self.name, self.live = source.name, source.live
        self.status = Status(state=State.LIVE, since_ns=time.monotonic_ns())
        self.dropped = 0
        self.ended = False
        self._source = source

    def take(self, timeout_s: float) -> tuple[Frame, int] | None:
        start = time.monotonic_ns()
        frame = self._source.read()
        if frame is None:
            self.ended = True
            return None
        return frame, time.monotonic_ns() - start

    def close(self) -> None:
        self._source.close()


class _Newest:
    """The newest frame of a live source."""

    def __init__(self, source: Source) -> None:
        self.name, self.live = source.name, source.live
        self.status = Status(state=State.LIVE, since_ns=time.monotonic_ns())
        self.dropped = 0
        self.ended = False
        self._source = source
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._error: Exception | None = None
        self._over = False
        self._stop = False
        # A daemon, because a read stuck in a driver must not keep the program from ending.
        self._thread = threading.Thread(target=self._read_on, name="capture", daemon=True)
        self._thread.start()

    def _read_on(self) -> None:
        """Body of the thread; it alone reads the source and closes it."""
        try:
            while not self._stop and (frame := self._source.read()) is not None:
                with self._changed:
                    self.dropped += self._frame is not None
                    self._frame = frame
                    self._changed.notify()
        except Exception as error:  # handed over to `take`, which raises it
            self._error = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify()
            self._source.close()

    def take(self, timeout_s: float) -> tuple[Frame, int] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._over, timeout_s)
            if self._error is not None:
                # A frame from before the failure is stale by now: it is not classified.
                raise self._error
            frame, self._frame = self._frame, None
            self.ended = self._over and frame is None
        return None if frame is None else (frame, time.monotonic_ns() - frame.captured_ns)

    def close(self) -> None:
        self._stop = True
        self._thread.join(_CLOSE_S)
