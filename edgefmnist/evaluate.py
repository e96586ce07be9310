"""Accuracy of a model on labelled pictures, through the runtime that the device uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt

from edgefmnist.dataset import Samples
from edgefmnist.errors import BadModel
from edgefmnist.records import LABELS, Evaluation
from edgefmnist.runtime.classifier import Classifier, Floats
from edgefmnist.runtime.model_file import ModelFile

_BATCH = 250

OnProgress = Callable[[int, int], None]
"""Called with pictures done and pictures in all."""


def logits(
    model: ModelFile, images: npt.NDArray[np.uint8], on_progress: OnProgress | None = None
) -> Floats:
    """Logits [n, classes] of every picture (uint8 [n, 28, 28]), in batches on all cores.

    Each core has an interpreter of its own: the kernels of int16x8 know no threads.
    An integer model's answers do not depend on batch or threads.
    """
    starts = range(0, len(images), _BATCH)
    idle: SimpleQueue[Classifier] = SimpleQueue()
    workers = min(len(os.sched_getaffinity(0)), len(starts))
    for _ in range(workers):
        idle.put(Classifier(model, batch=_BATCH))

    def answer(at: int) -> Floats:
        classifier = idle.get()
        try:
            return classifier.logits(images[at : at + _BATCH])
        finally:  # else those that wait for one would wait for ever after a failure
            idle.put(classifier)

    parts = []
    with ThreadPoolExecutor(workers) as pool:
        for at, part in zip(starts, pool.map(answer, starts), strict=True):
            parts.append(part)
            if on_progress is not None:
                on_progress(at + len(part), len(images))
    return np.concatenate(parts)


def score(
    answers: npt.NDArray[np.int64],
    labels: npt.NDArray[np.uint8],
    names: tuple[str, ...] = LABELS,
) -> Evaluation:
    """Compare answers [n] with labels [n], both indices into `names`."""
    confusion = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(confusion, (labels, answers), 1)
    return Evaluation(
        correct=int(np.trace(confusion)),
        total=len(answers),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        labels=names,
    )


def differences(labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fashion-MNIST's classes that are not among `labels`, and those that are no class of its."""
    absent = tuple(label for label in LABELS if label not in labels)
    return absent, tuple(label for label in labels if label not in LABELS)


def evaluate(
    model: ModelFile, samples: Samples, on_progress: OnProgress | None = None
) -> Evaluation:
    """Top-1 of `model` on those of `samples` whose class it has, by name.

    An answer that is a class of one's own counts as wrong.
    Raises: BadModel (also where it has none of Fashion-MNIST's classes), MissingDependency.
    """
    places = np.array([model.labels.index(name) if name in model.labels else -1 for name in LABELS])
    truth = places[samples.labels]
    images, known = samples.images, truth >= 0
    if not known.any():
        raise BadModel(
            f"{model.name} has none of Fashion-MNIST's classes: measure it on pictures of its own "
            "with --pictures FOLDER"
        )
    if not known.all():
        images, truth = images[known], truth[known]
    answers = logits(model, images, on_progress).argmax(axis=1)
    return score(answers, truth.astype(np.uint8), model.labels)
