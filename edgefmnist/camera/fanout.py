"""Every sink is told everything; one that fails keeps neither the loop nor the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgefmnist.camera.events import CameraEvent, Sink, Status

OnTrouble = Callable[[Sink, OSError | None], None]
"""Told when a sink begins to fail (the error), fails in another way, and works again (None)."""


class Fanout:
    """The sinks of one run.

    An OSError of a sink, such as a full disk, is told once and the run goes on; the sink is tried
    again with the next event. An error of another type or number than the one told is told too.
    """

    def __init__(self, sinks: Sequence[Sink], on_trouble: OnTrouble) -> None:
        """Tell `sinks`, in that order."""
        self._sinks = sinks
        self._on_trouble = on_trouble
        self._failing: dict[int, tuple[type, int | None]] = {}
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
                    self._on_trouble(sink, error)

    def _each(self, tell: Callable[[Sink], None]) -> None:
        for at, sink in enumerate(self._sinks):
            try:
                tell(sink)
            except BrokenPipeError:
                raise
            except OSError as error:
                kind = type(error), error.errno
                if self._failing.get(at) != kind:
                    self._failing[at] = kind
                    self._on_trouble(sink, error)
            else:
                if self._failing.pop(at, None) is not None:
                    self._on_trouble(sink, None)
