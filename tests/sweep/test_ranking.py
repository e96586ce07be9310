"""Which variants are on the Pareto front."""

from __future__ import annotations

import pytest

from edgefmnist.frameworks import require_keras
from edgefmnist.sweep.records import Ranked

pytest.importorskip("keras")


def _ranked(name: str, macs: int, accuracy: float) -> Ranked:
    return Ranked(
        name=name,
        command="",
        macs=macs,
        seconds=1.0,
        val_accuracy=accuracy,
        spread=0.0,
        seeds=1,
        pareto=False,
    )


def test_the_front_holds_what_nothing_cheaper_beats() -> None:
    require_keras()
    from edgefmnist.sweep.runner import on_front

    ranked = [
        _ranked("large", 40, 0.95),
        _ranked("medium", 10, 0.94),
        _ranked("wasteful", 20, 0.93),
        _ranked("as cheap and worse", 10, 0.92),
        _ranked("small", 1, 0.90),
    ]
    front = [one.name for one in ranked if on_front(one, ranked, "macs")]
    assert front == ["large", "medium", "small"]
