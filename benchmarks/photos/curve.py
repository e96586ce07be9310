"""What the unknown threshold trades: garments kept against everything else refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from benchmarks.photos.score import Answer, macro, score, share_refused


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Shares 0..1 at one threshold; `kept` and `refused` are means over their folders."""

    threshold: float
    kept: float
    refused: float
    empty_refused: float
    strict: float
    lenient: float


def point(answers: Sequence[Answer], empty: Sequence[Answer], threshold: float) -> Point:
    """Score answers to photos and to empty scenes at one threshold."""
    scored = score(answers, threshold)
    return Point(
        threshold=threshold,
        kept=macro(scored.kept),
        refused=macro(scored.refused),
        empty_refused=share_refused(empty, threshold),
        strict=macro(scored.strict),
        lenient=macro(scored.lenient),
    )


def curve(answers: Sequence[Answer], empty: Sequence[Answer]) -> list[Point]:
    """A point at every threshold that changes an answer to a photo, from 0 to 1."""
    thresholds = sorted({0.0, 1.0, *(one.known for one in answers)})
    return [point(answers, empty, threshold) for threshold in thresholds]


def at_kept(points: Sequence[Point], least: float) -> Point:
    """The point that refuses most while it keeps at least a share `least` of the garments.

    The first one where none does.
    """
    return max((p for p in points if p.kept >= least), key=lambda p: p.threshold, default=points[0])
