"""What a measurement is asked for and what it found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist.environment import Conditions, Environment
from edgefmnist.runtime.model_file import ModelFile

Nanoseconds = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchConfig:
    """One measurement: every model at every thread count, one picture at a time.

    windows, window_s: timed stretches of each and their length. Each is a process of its own, and
        between two of one model every other has its turn, so that a machine that slows down slows
        all alike.
    warmup_s: untimed stretch before each.
    """

    models: tuple[ModelFile, ...]
    threads: tuple[int, ...] = (1,)
    windows: int = 5
    window_s: float = 0.6
    warmup_s: float = 0.3

    @property
    def seconds(self) -> float:
        """About how long it takes; the starts of processes are not in it."""
        rows = len(self.models) * len(self.threads)
        return rows * self.windows * (self.window_s + self.warmup_s)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """From the start of a process to its first answer, in parts, by one clock.

    python_ms: starting Python. imports_ms: loading NumPy and the runtime. load_ms: loading the
        model and making its interpreter ready, which runs it once. answer_ms: the first answer.
    """

    python_ms: float
    imports_ms: float
    load_ms: float
    answer_ms: float

    @property
    def total_ms(self) -> float:
        """Process start to first answer."""
        return self.python_ms + self.imports_ms + self.load_ms + self.answer_ms


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One timed stretch in a fresh process.

    latencies_ns: int64 [n], every timed inference in order.
    peak_rss_bytes, steady_rss_bytes: most resident memory of the process, and at the end.
    loaded_bytes: growth of resident memory from before the model was loaded to its first answer.
    """

    latencies_ns: Nanoseconds = dataclasses.field(compare=False)
    cold_start: ColdStart
    peak_rss_bytes: int
    steady_rss_bytes: int
    loaded_bytes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchRow:
    """One model at one thread count; times of one picture, its conversion to the input included.

    window_us: median of the windows' mean times of one inference, as MLPerf Tiny takes the median
        of five runs' inferences a second; window_spread_us: the fastest and the slowest window.
    p50_us, p95_us, p99_us, mean_us: of all single inferences.
    ratio: p50 over the first model's at the same thread count, from this run.
    size_bytes: of the file. arena_bytes: estimate (`edgefmnist.bench.arena`).
    loaded_bytes: what loading the model and its first answer added to resident memory.
    peak_rss_bytes, steady_rss_bytes: resident memory of the process, Python and the runtime
        included: the most, and after the last inference.
    cold_start_ms: process start to first answer, files in the page cache; cold_start_spread_ms:
        the fastest and the slowest.
    All but peak_rss_bytes are medians over the windows.
    """

    model: str
    path: Path
    sha256: str
    input_dtype: str
    runtime: str
    threads: int
    size_bytes: int
    arena_bytes: int
    loaded_bytes: int
    peak_rss_bytes: int
    steady_rss_bytes: int
    cold_start_ms: float
    cold_start_spread_ms: tuple[float, float]
    window_us: float
    window_spread_us: tuple[float, float]
    p50_us: float
    p95_us: float
    p99_us: float
    mean_us: float
    ratio: float
    windows: tuple[Window, ...]

    @property
    def latencies_us(self) -> npt.NDArray[np.float64]:
        """Every timed inference, float64 [n]."""
        taken: npt.NDArray[np.float64] = np.concatenate([w.latencies_ns for w in self.windows])
        return taken / 1000

    @property
    def window_p50_us(self) -> tuple[float, ...]:
        """Median of each window."""
        return tuple(round(float(np.median(w.latencies_ns)) / 1000, 2) for w in self.windows)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """All rows of one run, how it was made, and the machine."""

    config: BenchConfig
    rows: tuple[BenchRow, ...]
    conditions: Conditions

    @property
    def environment(self) -> Environment:
        """The machine before the run."""
        return self.conditions.before
