"""The camera loop: take a frame, recognize it, smooth the label, tell the observers."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.capture import start_capture
from edgefmnist.camera.recognizer import UNKNOWN, Recognition, Recognizer
from edgefmnist.camera.source import Source
from edgefmnist.camera.tracker import Tracker
from edgefmnist.records import LABELS, Frame, Prediction

_WAIT_S = 0.2  # how often a stop is looked for while no frame comes
_RECENT = 10_000  # frames whose latencies the medians cover: memory stays bounded for months


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraConfig:
    """One run of the loop.

    source: URI, see `source.FORMS`. frames: end after that many classified; None: go on.
    """

    source: str = "auto"
    frames: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraEvent:
    """What came of one frame.

    frame: its number at the source. name: its file name, else empty.
    announced: label that the tracker stands by, or ``unknown``.
    picture: uint8 [28, 28], what the model saw; None where no garment was found.
    capture_ns, preprocess_ns, infer_ns: the three parts of its latency (`Capture.take`).
    fps: frames classified a second, over the last 30. dropped: frames never classified so far.
    true_label: label index where the source knows it, -1 for an empty scene, else None.
    background_fits: whether the learned background still does; None without one.
    """

    frame: int
    name: str
    announced: str
    prediction: Prediction
    picture: npt.NDArray[np.uint8] | None
    box: tuple[int, int, int, int] | None
    capture_ns: int
    preprocess_ns: int
    infer_ns: int
    fps: float
    dropped: int
    true_label: int | None
    background_fits: bool | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraSummary:
    """A whole run.

    classified, unknown, dropped: frames. duration_ns: from the loop's start to its end.
    garments, garments_correct: frames that show a garment, and those answered with its label
        and not with `unknown`. empty, empty_refused: frames that show none, and those answered
        `unknown`. All four are 0 where the source does not know the truth.
    *_p50_ns: medians over the last 10,000 frames; infer over those with a garment found.
    """

    classified: int
    unknown: int
    dropped: int
    duration_ns: int
    garments: int
    garments_correct: int
    empty: int
    empty_refused: int
    capture_p50_ns: int
    preprocess_p50_ns: int
    infer_p50_ns: int

    @property
    def fps(self) -> float:
        """Frames classified a second over the whole run."""
        return self.classified / (self.duration_ns / 1e9) if self.duration_ns else 0.0


Observer = Callable[[CameraEvent], None]


def run_camera(
    config: CameraConfig,
    source: Source,
    recognizer: Recognizer,
    observers: Sequence[Observer],
    should_stop: Callable[[], bool],
) -> CameraSummary:
    """Classify frames until the source ends, `config.frames` are done or a stop is asked for.

    The source is closed on every way out.

    An observer that raises BrokenPipeError ends the run too.

    Raises: CameraUnavailable, BadPicture; whatever else an observer raises.
    """
    tracker = Tracker(recognizer.unknown_threshold or 0.0)
    tally = _Tally()
    with contextlib.closing(start_capture(source)) as capture:
        while not should_stop() and tally.classified != config.frames:
            taken = capture.take(_WAIT_S)
            if taken is None:
                if capture.ended:
                    break
                continue
            frame, capture_ns = taken
            recognition = recognizer.recognize(frame.pixels)
            announced = tracker.update(
                recognition.probabilities, recognition.prediction.known, frame.captured_ns
            )
            fps = tally.add(frame, capture_ns, recognition)
            event = CameraEvent(
                frame=frame.index,
                name=frame.name,
                announced=UNKNOWN if announced is None else LABELS[announced],
                prediction=recognition.prediction,
                picture=recognition.picture,
                box=recognition.box,
                capture_ns=capture_ns,
                preprocess_ns=recognition.preprocess_ns,
                infer_ns=recognition.infer_ns,
                fps=fps,
                dropped=capture.dropped,
                true_label=frame.true_label,
                background_fits=recognizer.background_fits,
            )
            try:
                for observer in observers:
                    observer(event)
            except BrokenPipeError:  # whoever read our output is gone: that is a stop
                break
        dropped = capture.dropped
    return tally.summary(dropped)


class _Tally:
    """Counts of a run so far."""

    def __init__(self) -> None:
        self.classified = 0
        self._unknown = 0
        self._garments = [0, 0]  # shown, right
        self._empty = [0, 0]  # shown, refused
        self._start = time.monotonic_ns()
        self._latencies: tuple[collections.deque[int], ...] = tuple(
            collections.deque(maxlen=_RECENT) for _ in range(3)
        )
        self._times: collections.deque[int] = collections.deque(maxlen=31)

    def add(self, frame: Frame, capture_ns: int, recognition: Recognition) -> float:
        """Count one frame; returns the frames a second over the last 30."""
        prediction = recognition.prediction
        self.classified += 1
        self._unknown += prediction.unknown
        if frame.true_label == -1:
            self._empty[0] += 1
            self._empty[1] += prediction.unknown
        elif frame.true_label is not None:
            self._garments[0] += 1
            right = prediction.label_index == frame.true_label and not prediction.unknown
            self._garments[1] += right
        self._latencies[0].append(capture_ns)
        self._latencies[1].append(recognition.preprocess_ns)
        if recognition.probabilities is not None:
            self._latencies[2].append(recognition.infer_ns)
        self._times.append(time.monotonic_ns())
        span = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / (span / 1e9) if span else 0.0

    def summary(self, dropped: int) -> CameraSummary:
        """The run as a whole."""
        medians = [int(median(values)) if values else 0 for values in self._latencies]
        return CameraSummary(
            classified=self.classified,
            unknown=self._unknown,
            dropped=dropped,
            duration_ns=time.monotonic_ns() - self._start,
            garments=self._garments[0],
            garments_correct=self._garments[1],
            empty=self._empty[0],
            empty_refused=self._empty[1],
            capture_p50_ns=medians[0],
            preprocess_p50_ns=medians[1],
            infer_p50_ns=medians[2],
        )
