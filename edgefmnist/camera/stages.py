"""Where the time of one frame goes on the camera's path."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.loop import CameraConfig, CameraEvent, run_camera
from edgefmnist.camera.recognizer import open_recognizer
from edgefmnist.camera.source import open_source
from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.camera.sources.scenes import HEIGHT, WIDTH
from edgefmnist.runtime.models import ModelFile

_WARMUP = 10  # frames


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage's time a frame. share: of the whole path's time, 0..1."""

    p50_us: float
    p95_us: float
    share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The whole path of `frames` frames of width x height pixels, on one thread.

    capture: rendering the demo's scene, in place of a camera. preprocess: to 28x28. infer: the
    model, over frames with a garment found. track: holding the label still, and the loop itself.
    """

    model: str
    width: int
    height: int
    frames: int
    capture: Stage
    preprocess: Stage
    infer: Stage
    track: Stage
    total: Stage


def measure_stages(
    model: ModelFile, on_progress: Callable[[int, int], None] | None = None, *, frames: int = 100
) -> Stages:
    """Run the camera's own loop on `frames` frames of the demo, after a warm-up.

    on_progress: called with frames done and frames in all.
    Raises: BadModel.
    """
    recognizer = open_recognizer(model)
    config = CameraConfig(source="demo", frames=_WARMUP + frames)
    notes = _Notes(_WARMUP + frames, on_progress)
    with _one_thread():
        run_camera(config, open_source(config.source), recognizer, [notes], lambda: False)
    capture, preprocess, infer, total = np.array(notes.rows[_WARMUP:], np.float64).T / 1000
    track = np.maximum(total - capture - preprocess - infer, 0)
    whole = float(total.sum())
    return Stages(
        model=model.name,
        width=WIDTH,
        height=HEIGHT,
        frames=frames,
        capture=_stage(capture, whole),
        preprocess=_stage(preprocess, whole),
        infer=_stage(infer[infer > 0], whole),
        track=_stage(track, whole),
        total=_stage(total, whole),
    )


class _Notes:
    """An observer of the loop that keeps the times of each frame."""

    def __init__(self, frames: int, on_progress: Callable[[int, int], None] | None) -> None:
        self.rows: list[tuple[int, int, int, int]] = []  # ns: capture, preprocess, infer, total
        self._frames = frames
        self._on_progress = on_progress
        self._start = time.monotonic_ns()

    def __call__(self, event: CameraEvent) -> None:
        total = time.monotonic_ns() - self._start
        self.rows.append((event.capture_ns, event.preprocess_ns, event.infer_ns, total))
        if self._on_progress is not None:
            self._on_progress(len(self.rows), self._frames)
        self._start = time.monotonic_ns()  # what observers take is not the path's


def _stage(times_us: npt.NDArray[np.float64], whole_us: float) -> Stage:
    p50, p95 = np.percentile(times_us, (50, 95)) if len(times_us) else (0.0, 0.0)
    return Stage(
        p50_us=round(float(p50), 2),
        p95_us=round(float(p95), 2),
        share=round(float(times_us.sum()) / whole_us, 4),
    )


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV on one thread, as the model is, so that machines with more cores compare."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
