"""From a source to the loop: the newest frame of a camera, every frame of a file, nothing else.

`Capture` is what the loop sees. `supervisor` runs the source in a process of its own, watches it
and starts it again; `child` is that process.
"""

from __future__ import annotations

from typing import Protocol

from edgefmnist.camera.events import Status
from edgefmnist.records import Frame

__all__ = ["Capture"]


class Capture(Protocol):
    """What the loop takes its frames from.

    name: short words for the user, such as ``/dev/video0``. live: see `source.Source`.
    dropped: frames that were captured and not handed over. ended: the last frame was.
    """

    name: str
    live: bool
    dropped: int
    ended: bool

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
