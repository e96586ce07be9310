"""What the loop tells its sinks: what came of each frame, and how the camera is."""

from __future__ import annotations

import dataclasses
import enum
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from edgefmnist.records import ModelInUse, Prediction


class State(str, enum.Enum):
    """How the camera is.

    starting: its process runs, no frame has come yet. live: frames come. stale: they no longer do,
    or show nothing. restarting: its process was ended, the next is waited for. failed: given up.
    """

    STARTING = "starting"
    LIVE = "live"
    STALE = "stale"
    RESTARTING = "restarting"
    FAILED = "failed"


Fault = Literal["", "no-frame", "frozen", "damaged", "black", "uniform", "ended", "unavailable"]
"""What ails the camera: no frame came in time, the same bytes came again and again, only damaged
frames came, the picture is black or of one colour, its process or stream ended, or it could not be
opened."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The camera's state and why.

    detail: one line for people; empty where nothing ails it.
    since_ns: ``time.monotonic_ns()`` at which the state was entered.
    restarts: how often the capture process was started again in this run.
    """

    state: State
    fault: Fault = ""
    detail: str = ""
    since_ns: int
    restarts: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraEvent:
    """What came of one frame.

    frame: its number at the source. name: its file name, else empty.
    captured_ns: ``time.monotonic_ns()`` at which it was received (`Frame.captured_ns`).
    pixels: uint8 [height, width, 3], B, G, R: the frame itself. Nobody writes to it.
    announced: label that the tracker stands by, or ``unknown``; None in the first frames of a run,
        until some agree.
    model: the one that answered; another one may answer the next frame.
    changed: whether `announced` is another than in the event before, or the first.
    picture: uint8 [28, 28], what the model saw; None where no garment was found.
    mask: uint8 [height, width] of the frame, 255 on the garment, else 0; None without one.
    capture_ns, preprocess_ns, infer_ns: the three parts of its latency (`Capture.take`).
    fps: frames classified a second, over the last 30. dropped: frames never classified so far.
    true_label, full_size: see `Frame`.
    background_fits: whether the learned background still does; None without one.
    """

    frame: int
    name: str
    captured_ns: int
    pixels: npt.NDArray[np.uint8]
    announced: str | None
    changed: bool
    model: ModelInUse
    prediction: Prediction
    picture: npt.NDArray[np.uint8] | None
    box: tuple[int, int, int, int] | None
    mask: npt.NDArray[np.uint8] | None
    capture_ns: int
    preprocess_ns: int
    infer_ns: int
    fps: float
    dropped: int
    true_label: int | None
    background_fits: bool | None
    full_size: tuple[int, int] | None = None


class Sink(Protocol):
    """Somebody who is told of events: a terminal, a file, a broker, a page.

    The loop calls one sink after the other and waits for each, so an implementation must come back
    at once: whatever waits for a network, a slow disk or a reader happens in a thread of its own,
    behind a bounded queue. It may keep what it is given, and never writes to it.

    It may raise OSError, which the loop tells once and goes on (the next event is tried again), and
    BrokenPipeError, which ends the run: whoever read our output is gone. One that fails in a thread
    of its own raises at each event until that works again.

    name: short words for people, such as ``stdout`` or ``mqtt``: what fails is told under it.
    """

    @property
    def name(self) -> str:
        """See above; a plain attribute will do."""
        ...

    def on_event(self, event: CameraEvent) -> None:
        """Called after each frame classified."""
        ...

    def on_status(self, status: Status) -> None:
        """Called at each change of state, `State.STARTING` first, also while no frame comes."""
        ...

    def close(self) -> None:
        """Called once at the end, whatever ended the run; the last chance to flush."""
        ...
