"""Intervals, chance and the learning curve."""

from __future__ import annotations

import pytest

from edgefmnist.adaptation.curve import next_pictures_pp
from edgefmnist.adaptation.records import CurvePoint
from edgefmnist.adaptation.scoring import chance_explains, wilson


@pytest.mark.parametrize(
    ("better", "worse", "chance"),
    [(0, 0, True), (4, 0, True), (5, 0, False), (7, 1, False), (7, 2, True), (3, 9, True)],
)
def test_the_sign_test(better: int, worse: int, chance: bool) -> None:
    """One-sided: 5 of 5 is 1 in 32, 4 of 4 is 1 in 16; 8 of 8 or 7 of 8 is 9 in 256."""
    assert chance_explains(better, worse) is chance


def test_wilsons_interval() -> None:
    """The values of R's `prop.test(correct = FALSE)` for 8 of 10 and for 10 of 10."""
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def points(*pairs: tuple[int, float]) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(pictures=count, score=score) for count, score in pairs)


def test_what_the_next_pictures_bring() -> None:
    """Of 0.9 - 2 / sqrt(n) at n = 100: 20 / 10 - 20 / sqrt(1.2) / 10, in points."""
    told = next_pictures_pp(points(*((n, 0.9 - 2 / n**0.5) for n in (25, 50, 75, 100))))
    assert told == pytest.approx(100 * (0.2 - 2 / 120**0.5), abs=1e-6)
    assert next_pictures_pp(points((25, 0.9), (50, 0.8), (100, 0.7))) == 0
    assert next_pictures_pp(points((2, 0.5), (2, 0.6), (4, 0.7))) is None
