"""From pixels to a prediction: preprocessing, the classifier, and when to say `unknown`."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.errors import UsageError
from edgefmnist.preprocess import Preprocessor
from edgefmnist.records import LABELS, Prediction
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import ModelFile

NO_GARMENT = "unknown"
"""`Prediction.label` where there was nothing to classify; its `label_index` is -1."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What came of one picture.

    picture: uint8 [28, 28], what the model saw; None where no garment was found.
    box: (x, y, width, height) of the garment in the source picture, None without one.
    probabilities: float32 [10] in label order; None where no garment was found.
    preprocess_ns, infer_ns: time taken by either step; infer_ns is 0 where it was not needed.
    """

    prediction: Prediction
    picture: npt.NDArray[np.uint8] | None
    box: tuple[int, int, int, int] | None
    probabilities: npt.NDArray[np.float32] | None
    preprocess_ns: int
    infer_ns: int


class Recognizer:
    """Names the garment in a picture. Not to be called from two threads at once."""

    def __init__(
        self, preprocessor: Preprocessor, classifier: Classifier, unknown_threshold: float | None
    ) -> None:
        """Answer `unknown` where no garment is found or its score is below `unknown_threshold`.

        unknown_threshold: 0..1; None never answers `unknown`, and takes the whole picture for the
            garment where none is found.
        """
        self._preprocessor = preprocessor
        self._classifier = classifier
        self._always_answer = unknown_threshold is None
        self.unknown_threshold = unknown_threshold or 0.0
        self.model_name = classifier.model.name

    def recognize(self, pixels: npt.NDArray[np.uint8]) -> Recognition:
        """Classify one picture, uint8 [height, width, 3] in B, G, R order."""
        start = time.monotonic_ns()
        prepared = self._preprocessor.prepare(pixels)
        picture = prepared.picture
        if picture is None and self._always_answer:
            picture = whole_scene(pixels)
        ready = time.monotonic_ns()
        if picture is None:
            return Recognition(
                prediction=_nothing(),
                picture=None,
                box=None,
                probabilities=None,
                preprocess_ns=ready - start,
                infer_ns=0,
            )
        probabilities = self._classifier.scores(picture[None])[0]
        infer_ns = time.monotonic_ns() - ready
        return Recognition(
            prediction=self._judge(probabilities, infer_ns),
            picture=picture,
            box=prepared.box,
            probabilities=probabilities,
            preprocess_ns=ready - start,
            infer_ns=infer_ns,
        )

    def _judge(self, probabilities: npt.NDArray[np.float32], infer_ns: int) -> Prediction:
        order = np.argsort(-probabilities, kind="stable")
        best = int(order[0])
        score = float(probabilities[best])
        return Prediction(
            label=LABELS[best],
            label_index=best,
            score=score,
            unknown=score < self.unknown_threshold,
            top=tuple((LABELS[i], float(probabilities[i])) for i in order),
            latency_ns=infer_ns,
        )


def _nothing() -> Prediction:
    return Prediction(
        label=NO_GARMENT, label_index=-1, score=0.0, unknown=True, top=(), latency_ns=0
    )


def whole_scene(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The whole picture as uint8 [28, 28]: grey, negated, longest side 28, centred on 0."""
    height, width = pixels.shape[:2]
    scale = 28 / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    field = np.zeros((28, 28), np.uint8)
    left, top = (28 - size[0]) // 2, (28 - size[1]) // 2
    field[top : top + size[1], left : left + size[0]] = 255 - grey
    return field


def open_recognizer(
    model: ModelFile, *, threads: int = 1, unknown_threshold: str | None = None
) -> Recognizer:
    """Load a model and build everything a picture needs, once.

    unknown_threshold: a number 0..1 or ``off``; None takes what the model was calibrated to.
    Raises: UsageError, BadModel.
    """
    chosen = None if unknown_threshold in (None, "off") else _number(unknown_threshold)
    classifier = Classifier(model, threads=threads)
    threshold = classifier.unknown_threshold if unknown_threshold is None else chosen
    return Recognizer(Preprocessor(), classifier, threshold)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--unknown-threshold {text}: want a number from 0 to 1, or off")
    return value
