"""The process that is measured: one engine, one model, one thread count, nothing else loaded.

usage: python -m benchmarks.engines.worker ENGINE MODELS FORM THREADS WARMUP_S WINDOW_S
       python -m benchmarks.engines.worker ENGINE MODELS FORM THREADS PICTURES.npy

Prints one line of JSON: what it is, and the nanoseconds of every inference of the window; or the
number of the best score for each picture of a file, uint8 [n, 28, 28].
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


def main() -> None:
    """Load the model, do what is asked, tell."""
    name, models, form, threads, *asked = sys.argv[1:]
    kind = next(engine for engine in ENGINES if engine.name == name)
    path = Path(models) / f"{form}{kind.suffix}"
    with _stdout_apart() as out:
        engine = kind(path, int(threads))
        if len(asked) == 1:
            told: Any = [int(np.argmax(engine.scores(one))) for one in np.load(asked[0])]
        else:
            warmup_s, window_s = map(float, asked)
            picture = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
            _run(engine, picture, warmup_s)
            told = {"latencies_ns": _run(engine, picture, window_s), **_about(kind, path)}
        out.write(json.dumps(told) + "\n")


def _run(engine: Engine, picture: Picture, seconds: float) -> list[int]:
    latencies: list[int] = []
    now = time.perf_counter_ns()
    end = now + int(seconds * 1e9)
    while now < end or not latencies:  # one at least, however short the window
        began = now
        engine.scores(picture)
        now = time.perf_counter_ns()
        latencies.append(now - began)
    return latencies


def _about(kind: type[Engine], path: Path) -> dict[str, Any]:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    files = [path, path.with_suffix(".bin")] if kind.suffix == ".param" else [path]
    return {
        "version": kind.version(),
        "python": platform.python_version(),
        "size_bytes": sum(file.stat().st_size for file in files),
        "peak_rss_bytes": int(status.partition("VmHWM:")[2].split()[0]) * 1024,
    }


@contextlib.contextmanager
def _stdout_apart() -> Iterator[Any]:
    """Yield the real stdout, and let what engines print there go to stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out


if __name__ == "__main__":
    main()
