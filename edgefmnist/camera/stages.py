"""Where the time of one frame goes on the camera's path."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.loop import FramePath
from edgefmnist.camera.recognizer import open_recognizer
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.scenes import HEIGHT, WIDTH
from edgefmnist.runtime.model_file import ModelFile

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
    model, over frames with a garment found. track: holding the label still, and all
    that holds the steps together.
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
    """Send `frames` frames of the demo down the camera's own path, after a warm-up.

    on_progress: called with frames done and frames in all.
    Raises: BadModel.
    """
    path = FramePath(open_recognizer(model))
    rows = []
    with _one_thread(), contextlib.closing(open_source(SourceConfig(uri="demo"))) as source:
        for done in range(1, _WARMUP + frames + 1):
            start = time.monotonic_ns()
            frame = source.read()
            assert frame is not None  # the demo has no end
            capture_ns = time.monotonic_ns() - start
            event = path.follow(frame, capture_ns, 0)
            total = time.monotonic_ns() - start
            rows.append((event.capture_ns, event.preprocess_ns, event.infer_ns, total))
            if on_progress is not None:
                on_progress(done, _WARMUP + frames)
    capture, preprocess, infer, total_us = np.array(rows[_WARMUP:], np.float64).T / 1000
    track = np.maximum(total_us - capture - preprocess - infer, 0)
    whole = float(total_us.sum())
    return Stages(
        model=model.name,
        width=WIDTH,
        height=HEIGHT,
        frames=frames,
        capture=_stage(capture, whole),
        preprocess=_stage(preprocess, whole),
        infer=_stage(infer[infer > 0], whole),
        track=_stage(track, whole),
        total=_stage(total_us, whole),
    )


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
