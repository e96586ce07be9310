"""Models that a network learns from, besides the labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadModel
from edgefmnist.records import LABELS
from edgefmnist.runtime.classifier import Classifier, Floats, softmax
from edgefmnist.runtime.model_file import ModelFile

_BATCH = 64


class Ensemble:
    """Answers with the mean of its models' probabilities.

    Through the device's runtime, so that a shipped bundle can teach under any backend of Keras.

    Raises: BadModel (also of other classes than the data set's), MissingDependency (no runtime).
    """

    def __init__(self, models: Sequence[ModelFile]) -> None:
        """Load one model or more. One thread each: they answer beside the training."""
        for model in models:
            if model.labels != LABELS:
                raise BadModel(
                    f"{model.name} cannot teach: it has classes of its own, and the training is on "
                    "Fashion-MNIST's; name a model that has those"
                )
        self._classifiers = [Classifier(model, batch=_BATCH) for model in models]

    def __call__(self, images: npt.NDArray[np.uint8]) -> Floats:
        """From uint8 [n, 28, 28], 0..255, to probabilities float32 [n, 10].

        As the models were trained, without the calibrated temperature.
        """
        answers = [softmax(classifier.logits(images)) for classifier in self._classifiers]
        return np.asarray(np.mean(answers, axis=0), np.float32)


def checksums(models: Sequence[ModelFile]) -> dict[str, str]:
    """SHA-256 of the models by name; those of one name, as seeds of a recipe are, by seed too."""
    shared = Counter(model.name for model in models)
    told: dict[str, str] = {}
    for model in models:
        named = model.name
        if shared[named] > 1 and model.card is not None and model.card.seed is not None:
            named = f"{named}-seed-{model.card.seed}"
        name, copies = named, 1
        while name in told:
            copies += 1
            name = f"{named}-{copies}"
        told[name] = model.sha256
    return told
