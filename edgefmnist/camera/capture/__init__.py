"""From a source to the loop: the newest frame of a camera, every frame of a file, nothing else.

`Capture` is what the loop sees. `supervisor` runs the source in a process of its own, watches it
and starts it again; `child` is that process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edgefmnist.camera.events import Status
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.camera.source import SourceConfig
from edgefmnist.records import Frame

__all__ = ["Capture", "open_capture"]


class Capture(Protocol):
    """What the loop takes its frames from.

    name: short words for the user, such as ``/dev/video0``. live: see `source.Source`.
    ended: the last frame was handed over. unreadable: pictures of a folder that were passed over,
    since they cannot be read.
    """

    name: str
    live: bool
    ended: bool
    unreadable: int

    @property
    def dropped(self) -> int:
        """Frames that were captured and not handed over."""
        ...

    @property
    def status(self) -> Status:
        """How the camera is now."""
        ...

    def take(self, timeout_s: float) -> tuple[Frame, int] | None:
        """The next frame and its capture latency in ns; None where none came in `timeout_s`.

        Capture latency is the age of a live frame when it is taken, and the time that reading
        and decoding took for any other. After the last frame `ended` is true. A frame that is
        black, of one colour, the same as the one before or over two seconds old is never given
        by a live source.

        Raises: what `Source.read` raises, of a source that is not live or never gave a frame;
        CameraUnavailable where the camera was given up.
        """
        ...

    def close(self) -> None:
        """End the process and what it started; may be called twice."""
        ...


def open_capture(
    config: SourceConfig,
    give_up_after_s: float | None,
    should_stop: Callable[[], bool],
    on_note: OnNote | None = None,
    *,
    waits: bool = False,
) -> Capture:
    """Start a capture process and wait until its source is open, or a stop is asked for.

    waits: a camera that cannot be opened yet is no error: it is tried again and again, and its
    `status` says why. give_up_after_s: see `CameraConfig`; with a number, `waits` is true.
    on_note: told which files of a folder are passed over.

    Raises: UsageError, BadPicture, CameraUnavailable.
    """
    from edgefmnist.camera.capture.supervisor import Supervisor

    capture = Supervisor(config, give_up_after_s, on_note, waits=waits)
    try:
        capture.wait_until_open(should_stop)
    except BaseException:
        capture.close()
        raise
    return capture
