"""Measuring models side by side, every window in a process of its own.

After MLPerf Tiny (Banbury et al. 2021, "MLPerf Tiny Benchmark", and the benchmark's run rules):
single stream, a warm-up, five windows of at least ten seconds, their median. Unlike there every
window is a fresh process: what differs from start to start (where memory lies, which core) then
shows in the spread of the windows instead of hiding in all of them alike (Kalibera and Jones 2013,
"Rigorous Benchmarking in Reasonable Time").
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from edgefmnist import json_text
from edgefmnist.bench.arena import planned_arena_bytes
from edgefmnist.bench.child import output_of
from edgefmnist.bench.records import (
    BenchConfig,
    BenchResult,
    BenchRow,
    ColdStart,
    Nanoseconds,
    Window,
)
from edgefmnist.environment import Source, Watch
from edgefmnist.errors import BadModel
from edgefmnist.runtime.graph import read_graph
from edgefmnist.runtime.model_file import ModelFile

OnProgress = Callable[[int, int], None]
"""Called with windows done and windows in all."""


def measure(
    config: BenchConfig, on_progress: OnProgress | None = None, source: Source | None = None
) -> BenchResult:
    """Time every model at every thread count, their windows interleaved.

    source: where the machine is read from.
    Raises: BadModel when a model's process ends before it answered.
    """
    report = on_progress or (lambda done, total: None)
    watch = Watch(source)
    rows: list[BenchRow] = []
    total = config.windows * len(config.threads) * len(config.models)
    done = 0
    report(done, total)
    for threads in config.threads:
        told: list[dict[str, Any]] = [{} for _ in config.models]
        windows: list[list[Window]] = [[] for _ in config.models]
        for _ in range(config.windows):
            for number, model in enumerate(config.models):
                told[number], window = _window(model, threads, config)
                watch.sample()
                windows[number].append(window)
                done += 1
                report(done, total)
        base_ns = float(np.median(np.concatenate([w.latencies_ns for w in windows[0]])))
        for model, facts, taken in zip(config.models, told, windows, strict=True):
            rows.append(_row(model, threads, facts, taken, base_ns))
    return BenchResult(config=config, rows=tuple(rows), conditions=watch.end(max(config.threads)))


def _window(model: ModelFile, threads: int, config: BenchConfig) -> tuple[dict[str, Any], Window]:
    """What the process said of itself, and what it measured."""
    labels = json_text.dumps(model.labels)
    words = (model.path, threads, config.warmup_s, config.window_s, labels)
    began_ns = time.perf_counter_ns()  # one clock for all processes (CLOCK_MONOTONIC)
    with output_of("edgefmnist.bench.worker", *words) as lines:
        facts = _answer(lines, model)
        latencies = _latencies(lines, model)
        used = _answer(lines, model)
    marks = [began_ns, *(facts[f"{what}_ns"] for what in _MARKS)]
    python, imports, load, answer = (float(step) for step in np.diff(marks) / 1e6)
    window = Window(
        latencies_ns=latencies,
        cold_start=ColdStart(
            python_ms=round(python, 2),
            imports_ms=round(imports, 2),
            load_ms=round(load, 2),
            answer_ms=round(answer, 3),
        ),
        peak_rss_bytes=used["peak_rss_bytes"],
        steady_rss_bytes=used["steady_rss_bytes"],
        loaded_bytes=facts["loaded_bytes"],
    )
    return facts, window


_MARKS = ("started", "imported", "loaded", "answered")


def _latencies(lines: IO[str], model: ModelFile) -> Nanoseconds:
    chunks: list[Nanoseconds] = []
    while part := _answer(lines, model):
        chunks.append(np.array(part, np.int64))
    return np.concatenate(chunks)


def _answer(lines: IO[str], model: ModelFile) -> Any:
    line = lines.readline()
    if not line.endswith("\n"):
        raise BadModel(f"{model.path} ended the process that ran it: copy it again")
    return json.loads(line)


def _row(
    model: ModelFile, threads: int, facts: dict[str, Any], windows: list[Window], base_ns: float
) -> BenchRow:
    latencies = np.concatenate([window.latencies_ns for window in windows]) / 1000
    p50, p95, p99 = (float(value) for value in np.percentile(latencies, (50, 95, 99)))
    means = [float(window.latencies_ns.mean()) / 1000 for window in windows]
    starts = [window.cold_start.total_ms for window in windows]
    content = model.read()
    return BenchRow(
        model=model.name,
        path=model.path,
        sha256=model.sha256,
        input_dtype=facts["input_dtype"],
        runtime=facts["runtime"],
        threads=threads,
        size_bytes=facts["size_bytes"],
        arena_bytes=planned_arena_bytes(read_graph(model.path, content)),
        loaded_bytes=int(np.median([window.loaded_bytes for window in windows])),
        peak_rss_bytes=max(window.peak_rss_bytes for window in windows),
        steady_rss_bytes=int(np.median([window.steady_rss_bytes for window in windows])),
        cold_start_ms=round(float(np.median(starts)), 1),
        cold_start_spread_ms=(round(min(starts), 1), round(max(starts), 1)),
        window_us=round(float(np.median(means)), 2),
        window_spread_us=(round(min(means), 2), round(max(means), 2)),
        p50_us=round(p50, 2),
        p95_us=round(p95, 2),
        p99_us=round(p99, 2),
        mean_us=round(float(latencies.mean()), 2),
        ratio=round(p50 * 1000 / base_ns, 3),
        windows=tuple(windows),
    )
