"""What the answers are worth: shares, gains, and what chance alone would explain."""

from __future__ import annotations

import math
import statistics

import numpy as np
import numpy.typing as npt

from edgefmnist.adaptation.crossvalidation import Answers, answered
from edgefmnist.adaptation.head import Classes
from edgefmnist.adaptation.problem import NONE, Problem
from edgefmnist.adaptation.records import ClassScore, Interval, OldClasses, Score
from edgefmnist.records import UNKNOWN
from edgefmnist.runtime.classifier import softmax

Right = npt.NDArray[np.bool_]
_DRAWS = 2_000
_Z = statistics.NormalDist().inv_cdf(0.975)


def macro(right: Right, classes: Classes) -> float:
    """Mean over the classes of the share answered right, 0..1."""
    return float(np.mean([right[classes == label].mean() for label in np.unique(classes)]))


def score(problem: Problem, before: Right, after: Right) -> Score:
    """Compare the right answers before and after."""
    classes, groups = problem.photos.classes, problem.photos.groups
    gain = after.astype(np.float64) - before
    per_group = np.bincount(groups, weights=gain)
    return Score(
        before=macro(before, classes),
        after=macro(after, classes),
        gain_pp=100 * (macro(after, classes) - macro(before, classes)),
        gain_interval_pp=_gain_interval(gain, problem),
        better_groups=int((per_group > 0).sum()),
        worse_groups=int((per_group < 0).sum()),
    )


def _gain_interval(gain: npt.NDArray[np.float64], problem: Problem) -> Interval:
    """95 % interval of the mean gain over classes: bootstrap of whole groups within each class.

    Source: Field and Welsh 2007, "Bootstrapping clustered data", J. R. Stat. Soc. B 69(3).
    """
    rng = np.random.default_rng(0)
    classes, groups = problem.photos.classes, problem.photos.groups
    total = np.zeros(_DRAWS)
    labels = np.unique(classes)
    for label in labels:
        names, at = np.unique(groups[classes == label], return_inverse=True)
        sums = np.bincount(at, weights=gain[classes == label])
        counts = np.bincount(at).astype(np.float64)
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), _DRAWS)
        total += (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(100 * total / len(labels), (0.025, 0.975))
    return float(low), float(high)


def chance_explains(better: int, worse: int) -> bool:
    """Whether as many better groups out of better and worse come about by chance, 1 in 20 or more.

    The one-sided sign test: of fair coins at least `better` fall on one side.
    """
    count = better + worse
    tail = sum(math.comb(count, many) for many in range(better, count + 1))
    return 20 * tail > 1 << count


def wilson(share: float, count: int) -> Interval:
    """95 % interval of a share, 0..1, seen in `count` independent cases.

    Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    half *= _Z / (1 + _Z**2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def class_scores(problem: Problem, before: Classes, after: Classes) -> tuple[ClassScore, ...]:
    """Each class of the photos, in label order, and none of them last."""
    classes, groups = problem.photos.classes, problem.photos.groups
    told = []
    for label in sorted(np.unique(classes), key=lambda at: (at == NONE, at)):
        rows = classes == label
        name = _name(problem, int(label))
        share = float((after[rows] == label).mean())
        count = len(np.unique(groups[rows]))
        wrong = after[rows & (after != label) & (after != NONE)]
        often = np.bincount(wrong) if len(wrong) else None
        told.append(
            ClassScore(
                label=name,
                own=int(label) >= problem.kept,
                pictures=int(rows.sum()),
                groups=count,
                before=float((before[rows] == label).mean()),
                after=share,
                after_interval=wilson(share, count),
                refused=float((after[rows] == NONE).mean()),
                taken_for=None
                if often is None
                else (problem.labels[int(often.argmax())], int(often.max())),
            )
        )
    return tuple(told)


def _name(problem: Problem, label: int) -> str:
    return UNKNOWN if label == NONE else problem.labels[label]


def old_classes(problem: Problem, before: Classes, answers: Answers) -> OldClasses:
    """How the classes fare that the model had: named right where it must name one.

    before: answers of the model as it was to the remembered pictures, at its own threshold.
    """
    memory = problem.memory
    clean = ~memory.as_camera
    rows = problem.before_classes[problem.before.logits(memory.features).argmax(axis=1)]
    old = (rows == memory.classes)[clean]
    new = (answers.memory.argmax(axis=1) == memory.classes)[clean]
    outliers = memory.classes == NONE
    refused = (
        float((before[outliers] == NONE).mean()),
        float((answered(answers.memory, answers.certainty)[outliers] == NONE).mean()),
    )
    if not len(old):
        return OldClasses(
            pictures=0, before=0.0, after=0.0, lost_interval_pp=(0.0, 0.0), outliers_refused=refused
        )
    return OldClasses(
        pictures=len(old),
        before=float(old.mean()),
        after=float(new.mean()),
        lost_interval_pp=_paired(old, new),
        outliers_refused=refused,
    )


def _paired(old: Right, new: Right) -> Interval:
    """95 % interval of the share lost, in points (Bonett and Price 2012, adjusted Wald)."""
    count = len(old) + 2
    lost = (int((old & ~new).sum()) + 1) / count
    gained = (int((~old & new).sum()) + 1) / count
    half = _Z * math.sqrt((lost + gained - (lost - gained) ** 2) / count)
    return 100 * (lost - gained - half), 100 * (lost - gained + half)


def probability(answers: Answers, row: int, label: int) -> float:
    """Calibrated probability of a label for one photo; of NONE, that it is none of the classes."""
    fitted = answers.certainty
    logits = answers.photos[row : row + 1]
    best = float(logits.max())
    known = 0.5 * (1 + math.tanh(0.5 * (best * fitted.known_weight + fitted.known_bias)))
    if label == NONE:
        return 1 - known
    return float(softmax(logits / np.float32(fitted.temperature))[0, label])
