"""The process that is measured: one engine, one model, one thread count, nothing else loaded.

usage: python -m benchmarks.engines.worker ENGINE MODELS FORM THREADS

Reads commands from stdin, one a line, and answers each with a line of JSON: ``run SECONDS`` with
the nanoseconds of every inference; ``answers FILE`` with the number of the best score for each
picture of an ``.npy``, uint8 [n, 28, 28]; ``about`` with versions, the size of the model's files
and the process's peak memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.engines import ENGINES, Engine, Picture

_WARM_UP = 30
"""Untimed inferences before each window: others had their turn, and caches and threads are cold."""


def main() -> None:
    """Load the model, then serve commands until stdin ends."""
    name, models, form, threads = sys.argv[1:]
    kind = next(engine for engine in ENGINES if engine.name == name)
    path = Path(models) / f"{form}{kind.suffix}"
    picture = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    with _stdout_apart() as answers:
        engine = kind(path, int(threads))
        for line in sys.stdin:
            command, _, argument = line.strip().partition(" ")
            if command == "run":
                told: Any = _run(engine, picture, float(argument))
            elif command == "answers":
                pictures = np.load(argument)
                told = [int(np.argmax(engine.scores(one))) for one in pictures]
            else:
                told = _about(kind, path)
            answers.write(json.dumps(told) + "\n")
            answers.flush()


def _run(engine: Engine, picture: Picture, seconds: float) -> list[int]:
    for _ in range(_WARM_UP):
        engine.scores(picture)
    latencies = []
    now = time.perf_counter_ns()
    end = now + int(seconds * 1e9)
    while now < end:
        began = now
        engine.scores(picture)
        now = time.perf_counter_ns()
        latencies.append(now - began)
    return latencies


def _about(kind: type[Engine], path: Path) -> dict[str, Any]:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    files = {path, path.with_suffix(".bin")} if kind.suffix == ".param" else {path}
    return {
        "version": kind.version(),
        "python": platform.python_version(),
        "settings": kind.settings,
        "size_bytes": sum(file.stat().st_size for file in files),
        "peak_rss_bytes": int(status.partition("VmHWM:")[2].split()[0]) * 1024,
    }


@contextlib.contextmanager
def _stdout_apart() -> Iterator[Any]:
    """Yield the real stdout, and let what engines print there go to stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        yield answers


if __name__ == "__main__":
    main()
