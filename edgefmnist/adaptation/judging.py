"""Whether to release it: how much to learn, what that brings and costs, and the gate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgefmnist.adaptation import curve, scoring
from edgefmnist.adaptation.crossvalidation import Answers, answer, answered, before
from edgefmnist.adaptation.head import Classes
from edgefmnist.adaptation.pictures import Garments
from edgefmnist.adaptation.problem import NONE, Problem
from edgefmnist.adaptation.records import (
    AdaptObserver,
    Contradiction,
    CurvePoint,
    Judged,
    OldClasses,
    Score,
)
from edgefmnist.records import UNKNOWN, Certainty

SHARES = (0.8, 0.65, 0.5, 0.35, 0.2)
"""What the new pictures may count against the remembered ones. The first is taken with which the
whole 95 % interval of what the old classes lose is within the bound; else the last. It is chosen by
what is remembered, not by the new pictures, so their cross-validation stays honest."""
_MOST_CONTRADICTIONS = 10
_CONTRADICTED = 0.2
"""Probability of its label under which a picture contradicts it."""


def judge(
    problem: Problem,
    fitted: Certainty,
    max_forget_pp: float,
    garments: Garments,
    observer: AdaptObserver,
    trained: Sequence[Problem] | None = None,
) -> Judged:
    """Cross-validate, and decide.

    problem: with the features of the model as it was. fitted: its certainty. trained: see `answer`;
        there is no learning curve then, since each of its points would want trainings of its own.
    """
    observer.stage("Cross-validating", None)
    photo_before, memory_before = before(problem, fitted)
    share, found, old = chosen(problem, memory_before, max_forget_pp, trained)
    after = answered(found.photos, found.certainty)
    classes = problem.photos.classes
    score = scoring.score(problem, photo_before == classes, after == classes)
    classes_told = scoring.class_scores(problem, photo_before, after)
    own = sum(one.own for one in classes_told)
    guessed_pp = 100 * own / len(classes_told) / len(problem.labels)
    points: tuple[CurvePoint, ...] = ()
    if trained is None:
        fits = _Counter(observer, "Drawing the learning curve", curve.FITS)
        points = curve.learning_curve(problem, share, score.after, fits.tick)
    return Judged(
        share=share,
        certainty=found.certainty,
        score=score,
        classes=classes_told,
        old=old,
        curve=points,
        next_twenty_pp=curve.next_pictures_pp(points),
        contradictions=_contradictions(problem, found, after, garments),
        refused=_refusal(score, guessed_pp, old, max_forget_pp),
    )


def chosen(
    problem: Problem,
    memory_before: Classes,
    max_forget_pp: float,
    trained: Sequence[Problem] | None = None,
) -> tuple[float, Answers, OldClasses]:
    """The share of `SHARES` that is taken, what it answers, and how the old classes fare.

    memory_before: answers of the model as it was to the remembered pictures. trained: see `answer`;
        what such a network's own training made of its last layer stays as it is, which is better
        than a fit on features of photos that it has seen; but its rows for classes of one's own,
        which begin from nothing, come out of so short a training half made.
    """
    own_classes = problem.kept < len(problem.labels)
    for share in SHARES if trained is None or own_classes else (0.0,):
        found = answer(problem, share, trained=trained)
        old = scoring.old_classes(problem, memory_before, found)
        if old.lost_interval_pp[1] <= max_forget_pp:
            break
    return share, found, old


class _Counter:
    """Counts fits for a progress bar."""

    def __init__(self, observer: AdaptObserver, name: str, total: int) -> None:
        self._observer, self._total, self._done = observer, total, 0
        observer.stage(name, total)

    def tick(self) -> None:
        """One more is done."""
        self._done += 1
        self._observer.progress(self._done, self._total)


def _refusal(score: Score, guessed_pp: float, old: OldClasses, max_forget_pp: float) -> str | None:
    """Why not to release it, in a line; None where nothing speaks against it.

    guessed_pp: what a guess at the classes of one's own, which were never right before, would gain.
    """
    if old.lost_pp > max_forget_pp:
        return (
            f"the classes it knew lose {old.lost_pp:.1f} points, over the {max_forget_pp:g} of "
            "--max-forget: take more pictures, look for wrong labels, or allow more"
        )
    low, high = score.gain_interval_pp
    if low > guessed_pp and not scoring.chance_explains(score.better_groups, score.worse_groups):
        return None
    guess = f" (a guess at new classes: {guessed_pp:.1f})" if guessed_pp else ""
    return (
        f"it does not help beyond chance: {score.gain_pp:+.1f} points on your pictures, 95 % "
        f"interval {low:.1f} to {high:.1f}{guess}, {score.better_groups} groups better and "
        f"{score.worse_groups} worse; take more pictures, above all of what it gets wrong"
    )


def _contradictions(
    problem: Problem, found: Answers, after: Classes, garments: Garments
) -> tuple[Contradiction, ...]:
    """The pictures whose label is least likely, those first that are answered surest otherwise."""
    rows = []
    for row in np.flatnonzero(after != problem.photos.classes).tolist():
        label, told = int(problem.photos.classes[row]), int(after[row])
        own = scoring.probability(found, row, label)
        if own < _CONTRADICTED:
            rows.append((own - scoring.probability(found, row, told), own, row))
    contradictions = []
    for _, own, row in sorted(rows)[:_MOST_CONTRADICTIONS]:
        told = int(after[row])
        contradictions.append(
            Contradiction(
                path=garments.files[row].path,
                label=garments.files[row].label or UNKNOWN,
                probability=own,
                answer=UNKNOWN if told == NONE else problem.labels[told],
                answer_probability=scoring.probability(found, row, told),
            )
        )
    return tuple(contradictions)
