"""The process that is measured: one model, one thread count, one window, nothing else loaded.

words: MODEL THREADS WARMUP_S WINDOW_S LABELS (as JSON)

Writes JSON lines: when what was ready, once the first answer is there; lists of nanoseconds, one
for each timed inference; a list with nothing in it; what memory the process used. Latencies go out
in small lists as they come, since keeping them would count as the model's memory.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgefmnist import json_text

if TYPE_CHECKING:
    from edgefmnist.runtime.classifier import Classifier, Pictures

_CHUNK = 2048  # latencies a line


def main() -> None:
    """Load, warm up, measure, tell. Imports are in here so that they are timed."""
    started_ns = time.perf_counter_ns()
    import numpy as np

    from edgefmnist.runtime.classifier import Classifier
    from edgefmnist.runtime.interpreter import provider
    from edgefmnist.runtime.model_file import ModelFile

    provider()
    path, threads = Path(sys.argv[1]), int(sys.argv[2])
    warmup_s, window_s = float(sys.argv[3]), float(sys.argv[4])
    labels = tuple(json_text.loads(sys.argv[5]))
    picture = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    imported_ns, empty = time.perf_counter_ns(), _status_bytes("VmRSS")
    model = ModelFile(name=path.stem, path=path, labels=labels)
    classifier = Classifier(model, threads=threads)
    loaded_ns = time.perf_counter_ns()
    classifier.raw(picture)
    answered_ns = time.perf_counter_ns()
    _tell(
        {
            "started_ns": started_ns,
            "imported_ns": imported_ns,
            "loaded_ns": loaded_ns,
            "answered_ns": answered_ns,
            "loaded_bytes": max(_status_bytes("VmRSS") - empty, 0),
            "input_dtype": classifier.input_dtype,
            "runtime": classifier.runtime,
            "size_bytes": classifier.size_bytes,
        }
    )
    _run(classifier, picture, warmup_s, told=False)
    _run(classifier, picture, window_s, told=True)
    _tell([])
    _tell({"peak_rss_bytes": _status_bytes("VmHWM"), "steady_rss_bytes": _status_bytes("VmRSS")})


def _run(classifier: Classifier, picture: Pictures, seconds: float, told: bool) -> None:
    latencies: list[int] = []
    now = time.perf_counter_ns()
    end = now + int(seconds * 1e9)
    while now < end or not latencies:  # one at least, however short the window
        began = now
        classifier.raw(picture)
        now = time.perf_counter_ns()
        latencies.append(now - began)
        if len(latencies) >= _CHUNK and now < end:
            if told:
                _tell(latencies)
            latencies.clear()
            now = time.perf_counter_ns()
    if told:
        _tell(latencies)


def _tell(value: Any) -> None:
    print(json_text.dumps(value), flush=True)


def _status_bytes(key: str) -> int:
    """A figure of this process in ``/proc/self/status``; 0 where there is none.

    Not getrusage: its maximum is inherited from the parent, which may be far larger.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0
