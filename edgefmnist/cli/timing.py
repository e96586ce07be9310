"""Latencies for `quantize --all`: the stages do not know one another, commands know them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefmnist.quantization.records import Timings
    from edgefmnist.runtime.model_file import ModelFile

_WINDOWS = 9
"""So many that one disturbed window does not keep two models from being told apart
(`edgefmnist.quantization.selection`)."""
_WINDOW_S = 0.2


def time_models(models: Sequence[ModelFile], on_window: Callable[[int, int], None]) -> Timings:
    """Time `models` side by side as `edgefmnist bench` does, with short windows."""
    from edgefmnist.bench.measure import measure
    from edgefmnist.bench.records import BenchConfig
    from edgefmnist.quantization.records import Timings

    config = BenchConfig(models=tuple(models), windows=_WINDOWS, window_s=_WINDOW_S)
    result = measure(config, on_window)
    return Timings(
        windows_us=tuple(row.window_p50_us for row in result.rows), conditions=result.conditions
    )
