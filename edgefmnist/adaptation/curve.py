"""The learning curve: is it worth taking more pictures?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgefmnist.adaptation import scoring
from edgefmnist.adaptation.crossvalidation import FOLDS, answer, answered
from edgefmnist.adaptation.problem import Problem, Rows
from edgefmnist.adaptation.records import CurvePoint

_SHARES = (0.25, 0.5, 0.75)
"""Of the groups of each class."""
_DRAWS = 2
MORE = 20
FITS = len(_SHARES) * _DRAWS * FOLDS


def learning_curve(
    problem: Problem, share: float, full: float, tick: Callable[[], None]
) -> tuple[CurvePoint, ...]:
    """The score that parts of the photos lead to, and `full`, that of all of them.

    share: see `Problem.layer`. tick: called after each of `FITS` fits.
    """
    photos, points = problem.photos, []
    for part in _SHARES:
        scores = []
        for draw in range(_DRAWS):
            found = answer(problem, share, _chooser(problem, part, draw), tick)
            right = answered(found.photos, found.certainty) == photos.classes
            scores.append(scoring.macro(right, photos.classes))
        count = round(part * len(photos.classes))
        points.append(CurvePoint(pictures=count, score=float(np.mean(scores))))
    return (*points, CurvePoint(pictures=len(photos.classes), score=full))


def _chooser(problem: Problem, part: float, draw: int) -> Callable[[Rows], Rows]:
    """A function that keeps a part of the groups of each class in some rows, one at least."""
    rng = np.random.default_rng(draw)
    classes, groups = problem.photos.classes, problem.photos.groups

    def choose(rows: Rows) -> Rows:
        kept = []
        for label in np.unique(classes[rows]):
            own = rows[classes[rows] == label]
            names = rng.permutation(np.unique(groups[own]))
            kept.append(own[np.isin(groups[own], names[: max(1, round(part * len(names)))])])
        return np.concatenate(kept)

    return choose


def next_pictures_pp(points: tuple[CurvePoint, ...]) -> float | None:
    """What `MORE` pictures would add to the score, percentage points, 0 or more; None: not known.

    The error of a fit falls about as one over the root of the number of pictures: score = a - b /
    sqrt(n), fitted by least squares.
    """
    counts = np.array([point.pictures for point in points], np.float64)
    scores = np.array([point.score for point in points])
    if len(np.unique(counts)) < 3 or counts.min() < 1:
        return None
    slope, _ = np.polyfit(1 / np.sqrt(counts), scores, 1)
    last = counts[-1]
    return max(0.0, float(-100 * slope * (1 / np.sqrt(last) - 1 / np.sqrt(last + MORE))))
