"""Latencies for `quantize --all`: the stages do not know one another, commands know them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefmnist.runtime.models import ModelFile

_ROUNDS = 9
_WINDOW_S = 0.2


def time_models(
    models: Sequence[ModelFile], on_round: Callable[[int, int], None]
) -> tuple[tuple[float, ...], ...]:
    """For each model its median latency in each round, one thread, microseconds.

    Each round measures all models, their windows in turn, in processes of its own: the same model
    in two processes differs by as much as some variants do, since memory is laid out anew.
    """
    from edgefmnist.bench.measure import measure
    from edgefmnist.bench.records import BenchConfig

    config = BenchConfig(models=tuple(models), windows=1, window_s=_WINDOW_S)
    rounds = []
    for done in range(1, _ROUNDS + 1):
        rounds.append([row.p50_us for row in measure(config).rows])
        on_round(done, _ROUNDS)
    return tuple(zip(*rounds, strict=True))
