"""Every sink is told everything; one that fails keeps neither the loop nor the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edgefmnist.camera.events import CameraEvent, Sink, Status
from edgefmnist.camera.token_bucket import TokenBucket

OnTrouble = Callable[[Sink, OSError | None, int], None]
"""Told when a sink begins to fail (the error), fails in another way, and works again (None); and
how many such changes were left out since."""

_AT_ONCE = 4  # changes that are told without delay
_THEN_S = 60.0  # and one more in so long


class Fanout:
    """The sinks of one run.

    An OSError of a sink, such as a full disk, is told once and the run goes on; the sink is tried
    again with the next event. Another error than the one told is told too. A sink that fails and
    works in turns, such as a connection, fills no journal: see `_Troubles`.
    """

    def __init__(self, sinks: Sequence[Sink], on_trouble: OnTrouble) -> None:
        """Tell `sinks`, in that order."""
        self._sinks = sinks
        self._on_trouble = on_trouble
        self._troubles = [_Troubles() for _ in sinks]
        self._status: Status | None = None

    def event(self, event: CameraEvent) -> None:
        """Tell what came of a frame. Raises: BrokenPipeError."""
        self._each(lambda sink: sink.on_event(event))

    def status(self, status: Status) -> None:
        """Tell how the camera is, where that is news. Raises: BrokenPipeError."""
        if status != self._status:
            self._status = status
            self._each(lambda sink: sink.on_status(status))

    def close(self) -> None:
        """Close every sink, also where one before it fails."""
        for sink in self._sinks:
            try:
                sink.close()
            except OSError as error:
                if not isinstance(error, BrokenPipeError):
                    self._on_trouble(sink, error, 0)

    def _each(self, tell: Callable[[Sink], None]) -> None:
        for sink, troubles in zip(self._sinks, self._troubles, strict=True):
            error = None
            try:
                tell(sink)
            except BrokenPipeError:
                raise
            except OSError as caught:
                error = caught
            if troubles.is_news(error):
                self._on_trouble(sink, error, troubles.told())


class _Troubles:
    """What is told of one sink: each change, but of many in a short time only some."""

    def __init__(self) -> None:
        self._kind: object = None  # how it is; None: it works
        self._told_kind: object = None
        self._changes = 0  # since the last one told
        self._bucket = TokenBucket(_AT_ONCE, _THEN_S, time.monotonic())

    def is_news(self, error: OSError | None) -> bool:
        """Whether to tell now how the sink is."""
        kind = None
        if error is not None:
            # The text of an error with a number may have a file's name or a count in it.
            kind = type(error), str(error) if error.errno is None else error.errno
        if kind != self._kind:
            self._kind = kind
            self._changes += 1
        return kind != self._told_kind and self._bucket.left(time.monotonic()) >= 1

    def told(self) -> int:
        """Note that it is told now; returns how many changes were not."""
        missed = self._changes - 1
        self._told_kind = self._kind
        self._bucket.take()
        self._changes = 0
        return missed
