"""Measuring models side by side, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from edgefmnist import environment
from edgefmnist.bench.records import BenchConfig, BenchResult, BenchRow
from edgefmnist.errors import BadModel
from edgefmnist.runtime.bundle import sha256_of
from edgefmnist.runtime.models import ModelFile

OnProgress = Callable[[int, int], None]
"""Called with windows done and windows in all."""


def measure(config: BenchConfig, on_progress: OnProgress | None = None) -> BenchResult:
    """Time every model at every thread count, their windows interleaved.

    Raises: BadModel when a model's process ends before it answered.
    """
    before = environment.read()
    rows: list[BenchRow] = []
    total = config.windows * len(config.threads) * len(config.models)
    done = 0
    for threads in config.threads:
        with contextlib.ExitStack() as stack:
            workers = [stack.enter_context(_Worker(model, threads)) for model in config.models]
            for worker in workers:
                worker.ask(f"run {config.warmup_s}")
            windows: list[list[list[int]]] = [[] for _ in workers]
            for _ in range(config.windows):
                for worker, taken in zip(workers, windows, strict=True):
                    taken.append(worker.ask(f"run {config.window_s}"))
                    done += 1
                    if on_progress is not None:
                        on_progress(done, total)
            base = float(np.median(np.concatenate(windows[0])))
            for worker, taken in zip(workers, windows, strict=True):
                rows.append(_row(worker, threads, taken, base))
    return BenchResult(rows=tuple(rows), environment=before)


def _row(worker: _Worker, threads: int, windows: list[list[int]], base_ns: float) -> BenchRow:
    used = worker.ask("end")
    latencies = np.concatenate(windows) / 1000
    p50, p95, p99 = (float(value) for value in np.percentile(latencies, (50, 95, 99)))
    return BenchRow(
        model=worker.model.name,
        path=worker.model.path,
        sha256=sha256_of(worker.model.path),
        threads=threads,
        p50_us=round(p50, 2),
        p95_us=round(p95, 2),
        p99_us=round(p99, 2),
        mean_us=round(float(latencies.mean()), 2),
        ratio=round(p50 * 1000 / base_ns, 3),
        window_p50_us=tuple(round(float(np.median(window)) / 1000, 2) for window in windows),
        latencies_us=tuple(latencies.round(2).tolist()),
        **used,
    )


class _Worker:
    """A child process that runs one model on command."""

    def __init__(self, model: ModelFile, threads: int) -> None:
        self.model = model
        command = [sys.executable, "-m", "edgefmnist.bench.worker", str(model.path), str(threads)]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self._child.kill()
        self._child.communicate()

    def ask(self, command: str) -> Any:
        """Send one command and wait for its answer. Raises: BadModel when the process is gone."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(command + "\n")
            self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise BadModel(f"{self.model.path} ended the process that ran it: copy it again")
        return json.loads(answer)
