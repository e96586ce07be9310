"""From pixels to a prediction: preprocessing, the classifier, and when to say `unknown`."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import UsageError
from edgefmnist.preprocess import Preprocessor, whole_scene
from edgefmnist.preprocess.background import Background
from edgefmnist.records import ModelInUse, Prediction
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile

_LEAST_SPREAD = 1e-5
"""Between the best and the worst class, under which a model tells none from another."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What came of one picture.

    picture: uint8 [28, 28], what the model saw; None where no garment was found.
    box: (x, y, width, height) of the garment in the source picture, None without one.
    mask: uint8 [height, width] of the source picture, 255 on the garment, else 0; None without one.
    probabilities: float32 [classes] in label order; None where no garment was found.
    preprocess_ns, infer_ns: time taken by either step; infer_ns is 0 where it was not needed.
    """

    prediction: Prediction
    picture: npt.NDArray[np.uint8] | None
    box: tuple[int, int, int, int] | None
    mask: npt.NDArray[np.uint8] | None
    probabilities: npt.NDArray[np.float32] | None
    preprocess_ns: int
    infer_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model ready to answer; unknown_threshold: see `Recognizer`."""

    classifier: Classifier
    unknown_threshold: float | None


class Recognizer:
    """Names the garment in a picture. Not to be called from two threads at once."""

    def __init__(self, preprocessor: Preprocessor, model: LoadedModel) -> None:
        """Answer `unknown` where no garment is found or it is too likely to be none of the classes.

        The threshold is 0..1, of `Prediction.known`; None never answers `unknown`, and takes the
        whole picture for the garment where none is found.
        """
        self._preprocessor = preprocessor
        self.use(model)

    def use(self, model: LoadedModel) -> None:
        """Answer by `model` from the next picture on; what was learned of the scene stays."""
        self._classifier = model.classifier
        self.unknown_threshold = model.unknown_threshold
        self.model = ModelInUse(name=model.classifier.model.name, labels=model.classifier.labels)

    @property
    def background_fits(self) -> bool | None:
        """Whether the learned background still does; None without one."""
        return self._preprocessor.background_fits

    def recognize(self, pixels: npt.NDArray[np.uint8]) -> Recognition:
        """Classify one picture, uint8 [height, width, 3] in B, G, R order.

        Raises: BadModel where the model's answer is not a number.
        """
        start = time.monotonic_ns()
        prepared = self._preprocessor.prepare(pixels)
        picture = prepared.picture
        if picture is None and self.unknown_threshold is None:
            picture = whole_scene(pixels)
        ready = time.monotonic_ns()
        if picture is None:
            return nothing_recognized(ready - start)
        logits = self._classifier.logits(picture[None])
        probabilities = self._classifier.probabilities(logits)[0]
        known = float(self._classifier.known(logits)[0])
        infer_ns = time.monotonic_ns() - ready
        return Recognition(
            prediction=self._judge(probabilities, known, infer_ns),
            picture=picture,
            box=prepared.box,
            mask=prepared.mask,
            probabilities=probabilities,
            preprocess_ns=ready - start,
            infer_ns=infer_ns,
        )

    def warm_up(self) -> None:
        """Do once what takes many times as long the first time; nothing is learned from it."""
        scene = np.full((480, 640, 3), 200, np.uint8)
        scene[120:360, 200:440] = 60
        Preprocessor().prepare(scene)
        self._classifier.logits(np.zeros((1, 28, 28), np.uint8))

    def _judge(
        self, probabilities: npt.NDArray[np.float32], known: float, infer_ns: int
    ) -> Prediction:
        order = np.argsort(-probabilities, kind="stable")
        labels = self.model.labels
        top = tuple((labels[i], float(probabilities[i])) for i in order)
        if top[0][1] - top[-1][1] < _LEAST_SPREAD:
            known = 0.0
        threshold = self.unknown_threshold
        sure = threshold is None or (known >= threshold and known > 0)
        if not sure:
            return Prediction.unsure(known=known, top=top, latency_ns=infer_ns)
        return Prediction.named(
            label_index=int(order[0]), known=known, top=top, latency_ns=infer_ns
        )


def nothing_recognized(preprocess_ns: int) -> Recognition:
    """What came of a picture that the model was not asked about, or had no answer for."""
    return Recognition(
        prediction=Prediction.unsure(),
        picture=None,
        box=None,
        mask=None,
        probabilities=None,
        preprocess_ns=preprocess_ns,
        infer_ns=0,
    )


def open_recognizer(
    model: ModelFile,
    *,
    threads: int = 1,
    unknown_threshold: str | None = None,
    background: Background | None = None,
) -> Recognizer:
    """Load a model and build everything a picture needs, once.

    unknown_threshold, threads: see `load_model`. background: see `Preprocessor`.
    Raises: UsageError, BadModel.
    """
    loaded = load_model(model, threads=threads, unknown_threshold=unknown_threshold)
    return Recognizer(Preprocessor(background), loaded)


def load_model(
    model: ModelFile, *, threads: int = 1, unknown_threshold: str | None = None
) -> LoadedModel:
    """Load a model.

    threads: of the CPU. unknown_threshold: a number 0..1 or ``off``; None takes what the model was
    calibrated to.
    Raises: UsageError, BadModel.
    """
    classifier = Classifier(model, threads=threads)
    classifier.logits(np.zeros((1, 28, 28), np.uint8))  # a model that has no answers ends here
    threshold = _threshold(unknown_threshold, classifier.unknown_threshold)
    return LoadedModel(classifier=classifier, unknown_threshold=threshold)


def _threshold(text: str | None, default: float) -> float | None:
    """What ``--unknown-threshold`` asks for; None: never answer `unknown`."""
    if text is None:
        return default
    return None if text == "off" else _number(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--unknown-threshold {text}: want a number from 0 to 1, or off")
    return value
