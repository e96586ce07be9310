"""What a measurement is asked for and what it found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from edgefmnist.environment import Environment
from edgefmnist.runtime.models import ModelFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchConfig:
    """One measurement: every model at every thread count.

    windows, window_s: timed stretches of each and their length; between two of one model every
        other has its turn, so that a machine that slows down slows all alike.
    warmup_s: untimed stretch before the first.
    """

    models: tuple[ModelFile, ...]
    threads: tuple[int, ...] = (1,)
    windows: int = 5
    window_s: float = 0.6
    warmup_s: float = 0.3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchRow:
    """One model at one thread count; times of one picture, its conversion to the input included.

    window_p50_us: median of each window. latencies_us: every timed inference, in order.
    ratio: p50 over the first model's at the same thread count, from this run.
    peak_rss_bytes: most resident memory of the child process, Python and runtime included.
    """

    model: str
    path: Path
    sha256: str
    input_dtype: str
    runtime: str
    threads: int
    size_bytes: int
    peak_rss_bytes: int
    p50_us: float
    p95_us: float
    p99_us: float
    mean_us: float
    ratio: float
    window_p50_us: tuple[float, ...]
    latencies_us: tuple[float, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """All rows of one run, and the machine before it."""

    rows: tuple[BenchRow, ...]
    environment: Environment
