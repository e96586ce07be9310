"""The background of a fixed camera, learned from the first frames of a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgefmnist.camera.capture import Capture
from edgefmnist.camera.events import Status
from edgefmnist.errors import BadInput, UsageError
from edgefmnist.preprocess.background import Background
from edgefmnist.preprocess.background_file import load, save
from edgefmnist.preprocess.learning import LEARN_FRAMES, Learner

__all__ = ["DEFAULT_FILE", "learn", "load", "refuse_folder", "save"]

DEFAULT_FILE = Path("background.npz")
"""Where a background is saved that was given no name: in the current folder."""

_WAIT_S = 0.2  # how often a stop is looked for while no frame comes
_MOST_FRAMES = 20 * LEARN_FRAMES  # half a minute at 30 a second


def refuse_folder(uri: str) -> None:
    """Raises: UsageError where the source is no camera, stream or video."""
    if uri and Path(uri).is_dir():
        raise UsageError(
            "a folder of pictures has no background to learn: leave --learn-background and "
            "--background (EDGEFMNIST_BACKGROUND) out, or name a camera, a stream or a video"
        )


def learn(
    capture: Capture,
    on_progress: Callable[[int, int], None],
    should_stop: Callable[[], bool],
    on_status: Callable[[Status], None],
) -> Background | None:
    """Read frames until they show a still scene and learn it; None where a stop was asked for.

    on_progress: called with the frames seen that count, and how many are wanted. on_status: called
    with each change of the camera's state: what ails it may be why no frame counts.

    Raises: BadInput where the source ends first or something moves all the time; what
    `Capture.take` raises.
    """
    learner, status = Learner(), capture.status
    while not should_stop():
        taken = capture.take(_WAIT_S)
        if capture.status is not status:
            status = capture.status
            on_status(status)
        if taken is None and not capture.ended:
            continue
        if taken is None:
            raise BadInput(
                f"{capture.name} ended before it showed a still scene for {LEARN_FRAMES} frames: "
                "the background is learned from an empty scene at the beginning"
            )
        learned = learner.add(taken[0].pixels)
        on_progress(min(learner.seen, LEARN_FRAMES), LEARN_FRAMES)
        if learned is not None:
            return learned
        if learner.seen == _MOST_FRAMES:
            raise BadInput(
                f"{capture.name} showed no still scene in {_MOST_FRAMES} frames: fix the camera, "
                "take what moves out of its view, then learn again"
            )
    return None
