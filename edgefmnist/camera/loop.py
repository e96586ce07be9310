"""The camera loop: take a frame, recognize it, smooth the label, tell the sinks."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from statistics import median

from edgefmnist.camera.capture import Capture
from edgefmnist.camera.events import CameraEvent, Sink
from edgefmnist.camera.fanout import Fanout, OnTrouble
from edgefmnist.camera.recognizer import (
    LoadedModel,
    Recognition,
    Recognizer,
    nothing_recognized,
)
from edgefmnist.camera.tracker import Tracker
from edgefmnist.errors import BadModel, CameraUnavailable
from edgefmnist.records import LABELS, Frame, ModelInUse

_WAIT_S = 0.2  # how often a stop is looked for while no frame comes
OnBadModel = Callable[[BadModel | None], None]

_RECENT = 10_000  # frames whose latencies the medians cover: memory stays bounded for months


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraConfig:
    """One run of the loop.

    frames: end after that many classified; None: go on. give_up_after_s: end where no good frame
    came for so long; None: wait for a camera that was lost, however long.
    """

    frames: int | None = None
    give_up_after_s: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraSummary:
    """A whole run.

    classified, unknown, dropped: frames. duration_ns: from the loop's start to its end.
    garments, garments_correct: frames that show a garment of a class that the model has, and those
        answered with its label and not with `unknown`. empty, empty_refused: frames that show none,
        and those answered `unknown`. All four are 0 where the source does not know the truth.
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


def run_camera(
    config: CameraConfig,
    capture: Capture,
    recognizer: Recognizer,
    sinks: Sequence[Sink],
    should_stop: Callable[[], bool],
    on_trouble: OnTrouble,
    newer_model: Callable[[], LoadedModel | None] | None = None,
    on_bad_model: OnBadModel | None = None,
) -> CameraSummary:
    """Classify frames until the source ends, `config.frames` are done or a stop is asked for.

    `capture` and `sinks` are closed on every way out. on_trouble: see `Fanout`.
    newer_model: asked between frames for a model to use from now on; see `reloading`.
    on_bad_model: see `FramePath`.

    Raises: CameraUnavailable, BadPicture; whatever else a sink raises.
    """
    path = FramePath(recognizer, on_bad_model)
    with contextlib.closing(Fanout(sinks, on_trouble)) as told, contextlib.closing(capture):
        try:
            told.status(capture.status)
            while not should_stop() and path.classified != config.frames:
                taken = capture.take(_WAIT_S)
                told.status(capture.status)
                if newer_model is not None and (model := newer_model()) is not None:
                    path.use(model)
                if taken is not None:
                    last = path.classified + 1 == config.frames
                    told.event(path.follow(*taken, capture.dropped, last=last))
                elif capture.ended:
                    break
            if (concluded := path.conclude()) is not None:
                told.event(concluded)
        except BrokenPipeError:  # whoever read our output is gone: that is a stop
            pass
        except CameraUnavailable:
            told.status(capture.status)  # given up: sinks hear of it before the command ends
            raise
        return path.summary(capture.dropped)


class FramePath:
    """The way of one frame, from pixels to the event that sinks are told."""

    def __init__(self, recognizer: Recognizer, on_bad_model: OnBadModel | None = None) -> None:
        """Begin with nothing announced.

        on_bad_model: told once when the model's answers are no longer numbers (the error), and
            when they are again (None). Such a frame counts as one without a garment.
        """
        self._recognizer = recognizer
        self._tracker = Tracker(recognizer.unknown_threshold, recognizer.model.labels)
        self._tally = _Tally()
        self._event: CameraEvent | None = None
        self._on_bad_model = on_bad_model
        self._bad_model = False

    def use(self, model: LoadedModel) -> None:
        """Answer by `model` from the next frame on; see `Tracker.use` for what is announced."""
        self._recognizer.use(model)
        self._tracker.use(model.unknown_threshold, self._recognizer.model.labels)

    @property
    def classified(self) -> int:
        """Frames so far."""
        return self._tally.classified

    def follow(
        self, frame: Frame, capture_ns: int, dropped: int, *, last: bool = False
    ) -> CameraEvent:
        """Recognize one frame and smooth its label.

        dropped: frames never classified so far. last: whether none follows, so that something
        must be announced now. A picture file is a scene of its own and announced as such.
        """
        recognition = self._recognize(frame)
        announced = self._tracker.update(
            recognition.probabilities, recognition.prediction.known, frame.captured_ns
        )
        if frame.name:
            announced = recognition.prediction.label
        elif last:
            announced = self._tracker.conclude()
        before = None if self._event is None else self._event.announced
        self._event = CameraEvent(
            frame=frame.index,
            name=frame.name,
            captured_ns=frame.captured_ns,
            pixels=frame.pixels,
            announced=announced,
            changed=announced != before,
            model=self._recognizer.model,
            prediction=recognition.prediction,
            picture=recognition.picture,
            mask=recognition.mask,
            box=recognition.box,
            capture_ns=capture_ns,
            preprocess_ns=recognition.preprocess_ns,
            infer_ns=recognition.infer_ns,
            fps=self._tally.add(frame, capture_ns, recognition, self._recognizer.model),
            dropped=dropped,
            true_label=frame.true_label,
            background_fits=self._recognizer.background_fits,
            full_size=frame.full_size,
        )
        return self._event

    def conclude(self) -> CameraEvent | None:
        """The newest event once more where the run ends before anything was announced."""
        if self._event is None or self._event.announced is not None:
            return None
        announced = self._tracker.conclude()
        return dataclasses.replace(self._event, announced=announced, changed=True)

    def _recognize(self, frame: Frame) -> Recognition:
        try:
            recognition = self._recognizer.recognize(frame.pixels)
        except BadModel as error:
            self._tell_bad_model(error)
            return nothing_recognized(0)
        self._tell_bad_model(None)
        return recognition

    def _tell_bad_model(self, error: BadModel | None) -> None:
        if self._bad_model != (error is not None) and self._on_bad_model is not None:
            self._on_bad_model(error)
        self._bad_model = error is not None

    def summary(self, dropped: int) -> CameraSummary:
        """The run so far as a whole."""
        return self._tally.summary(dropped)


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

    def add(
        self, frame: Frame, capture_ns: int, recognition: Recognition, model: ModelInUse
    ) -> float:
        """Count one frame; returns the frames a second over the last 30."""
        prediction = recognition.prediction
        self.classified += 1
        self._unknown += prediction.unknown
        if frame.true_label == -1:
            self._empty[0] += 1
            self._empty[1] += prediction.unknown
        elif frame.true_label is not None and LABELS[frame.true_label] in model.labels:
            self._garments[0] += 1
            self._garments[1] += prediction.is_right(frame.true_label)
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
