"""How well it learns, asked of pictures that the fit had not seen.

Photos are parted by whole groups, remembered pictures at random. Each part is answered by a layer
that was fitted on the others; temperature and unknown threshold are fitted to these answers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgefmnist.adaptation.groups import Groups
from edgefmnist.adaptation.head import Classes
from edgefmnist.adaptation.problem import NONE, Problem, Rows
from edgefmnist.certainty import known_curve, temperature, unknown_threshold
from edgefmnist.records import Certainty
from edgefmnist.runtime.classifier import Floats, sigmoid

FOLDS = 5
FOREIGN = -2
"""Answer of the model as it was with a label that the new one does not have."""

Choose = Callable[[Rows], Rows]


def _nothing() -> None:
    """A `tick` that nobody hears."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Logits of every photo [n, classes] and remembered picture [m, classes], and their certainty.

    Each by a layer that was fitted without it.
    """

    photos: Floats
    memory: Floats
    certainty: Certainty


def parts(classes: Classes, groups: Groups, seed: int = 0, count: int = FOLDS) -> Rows:
    """The part, 0 to `count` - 1, of each picture: whole groups, classes spread evenly."""
    rng = np.random.default_rng(seed)
    fold_of: dict[int, int] = {}
    filled = np.zeros(count, int)
    for label in np.unique(classes):
        own = np.zeros(count, int)
        names, sizes = np.unique(groups[classes == label], return_counts=True)
        mixed = rng.permutation(len(names))
        for at in mixed[np.argsort(-sizes[mixed], kind="stable")]:
            group, size = int(names[at]), int(sizes[at])
            if group not in fold_of:
                fold_of[group] = int(np.lexsort((filled, own))[0])
            own[fold_of[group]] += size
            filled[fold_of[group]] += size
    return np.array([fold_of[int(group)] for group in groups])


def answer(
    problem: Problem,
    share: float,
    choose: Choose | None = None,
    tick: Callable[[], None] = _nothing,
    trained: Sequence[Problem] | None = None,
) -> Answers:
    """Answer all pictures by layers that had not seen them.

    share: see `Problem.layer`. choose: which of the photos that may be fitted on are; None: all.
    tick: called after each fit. trained: for each part of the photos the problem with the features
        of a network that was trained without it; None: of one that was trained with none of them.
    """
    photos, memory = problem.photos, problem.memory
    problems = trained or (problem,) * FOLDS
    count = len(problems)
    photo_parts = parts(photos.classes, photos.groups, count=count)
    memory_parts = parts(memory.classes, np.arange(len(memory.classes)), count=count)
    photo_logits = np.empty((len(photos.classes), len(problem.labels)), np.float32)
    memory_logits = np.empty((len(memory.classes), len(problem.labels)), np.float32)
    for fold, asked in enumerate(problems):
        rows = np.flatnonzero(photo_parts != fold)
        layer = asked.layer(
            rows if choose is None else choose(rows), np.flatnonzero(memory_parts != fold), share
        )
        photo_logits[photo_parts == fold] = layer.logits(asked.photos.features[photo_parts == fold])
        memory_logits[memory_parts == fold] = layer.logits(
            asked.memory.features[memory_parts == fold]
        )
        tick()
    return Answers(
        photos=photo_logits,
        memory=memory_logits,
        certainty=certainty(problem, photo_logits, memory_logits),
    )


def certainty(problem: Problem, photo_logits: Floats, memory_logits: Floats) -> Certainty:
    """Temperature and unknown threshold, for which photos and memory count alike.

    Made-up outliers that look like a class of one's own (shorts, hats) are not asked to be unknown.
    """
    photos, memory = problem.photos, problem.memory
    camera = memory.as_camera
    garment, others = photos.classes != NONE, camera & (memory.classes == NONE)
    others &= memory_logits.argmax(axis=1) < problem.kept
    shown = camera & (memory.classes != NONE)
    logits, classes = _alike(
        (photo_logits[garment], photos.classes[garment]),
        (memory_logits[shown], memory.classes[shown]),
    )
    outliers, _ = _alike(
        (photo_logits[~garment], photos.classes[~garment]),
        (memory_logits[others], memory.classes[others]),
    )
    both = np.concatenate([logits, outliers])
    is_garment = np.arange(len(both)) < len(logits)
    curve = known_curve(both, is_garment) if len(outliers) else (0.0, 0.0)
    return Certainty(
        temperature=temperature(logits, classes),
        known_weight=curve[0],
        known_bias=curve[1],
        unknown_threshold=unknown_threshold(both, is_garment, curve),
    )


def _alike(one: tuple[Floats, Classes], other: tuple[Floats, Classes]) -> tuple[Floats, Classes]:
    """Both together, the smaller repeated until they are about as many."""
    counts = len(one[1]), len(other[1])
    times = [max(1, round(max(counts) / max(count, 1))) for count in counts]
    pairs = list(zip((one, other), times, strict=True))
    return (
        np.concatenate([np.repeat(logits, often, axis=0) for (logits, _), often in pairs]),
        np.concatenate([np.repeat(classes, often) for (_, classes), often in pairs]),
    )


def answered(logits: Floats, fitted: Certainty) -> Classes:
    """The class answered for each row of logits, NONE for `unknown`, as the camera would."""
    return np.where(is_known(logits, fitted), logits.argmax(axis=1), NONE)


def is_known(logits: Floats, fitted: Certainty) -> npt.NDArray[np.bool_]:
    """Which rows are taken for one of the classes at all."""
    best = logits.max(axis=1)
    known = sigmoid(best * np.float32(fitted.known_weight) + np.float32(fitted.known_bias))
    return np.asarray(known >= fitted.unknown_threshold)


def before(problem: Problem, fitted: Certainty) -> tuple[Classes, Classes]:
    """Answers of the model as it was to photos and memory, in the new labels.

    An answer that the new model cannot give is `FOREIGN`. fitted: of the model as it was.
    """
    classes = np.where(problem.before_classes == NONE, FOREIGN, problem.before_classes)
    classes = np.append(classes, NONE)
    told = []
    for features in (problem.photos.features, problem.memory.features):
        told.append(classes[answered(problem.before.logits(features), fitted)])
    return told[0], told[1]
