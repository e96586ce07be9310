"""The process in which a model's parts are timed in turns.

words: MODEL THREADS ROUNDS

Writes a JSON list for each round: microseconds of one inference of each part, the median of ten.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from edgefmnist import json_text
from edgefmnist.runtime.cut import prefixes
from edgefmnist.runtime.interpreter import provider

_REPEATS = 10


def main() -> None:
    """Make the parts ready, warm up with one round, then measure and tell."""
    path, threads, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    interpreter_class, _ = provider()
    parts = [interpreter_class(model_content=part, num_threads=threads) for part in prefixes(path)]
    for part in parts:
        part.allocate_tensors()
    for number in range(rounds + 1):
        times = [_median_us(part) for part in parts]
        if number:
            print(json_text.dumps(times), flush=True)


def _median_us(part: Any) -> float:
    part.invoke()  # another part had the caches
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter_ns()
        part.invoke()
        times.append(time.perf_counter_ns() - began)
    return statistics.median(times) / 1000
