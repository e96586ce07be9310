"""The process that is measured: one model, one thread count, nothing else loaded.

Reads commands from stdin, one a line: ``run SECONDS`` answers with a JSON list of nanoseconds, one
for each inference; ``end`` answers with what the process used.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import ModelFile


def _run(
    classifier: Classifier, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], seconds: float
) -> list[int]:
    latencies = []
    now = time.perf_counter_ns()
    end = now + int(seconds * 1e9)
    while now < end:
        began = now
        classifier.raw(picture)
        now = time.perf_counter_ns()
        latencies.append(now - began)
    return latencies


def _peak_rss_bytes() -> int:
    # Not getrusage: its maximum is inherited from the parent, which may be far larger.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Serve commands until stdin ends."""
    path, threads = Path(sys.argv[1]), int(sys.argv[2])
    classifier = Classifier(ModelFile(name=path.stem, path=path), threads=threads)
    picture = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    for line in sys.stdin:
        command, _, seconds = line.partition(" ")
        if command == "run":
            answer: object = _run(classifier, picture, float(seconds))
        else:
            answer = {
                "peak_rss_bytes": _peak_rss_bytes(),
                "input_dtype": classifier.input_dtype,
                "runtime": classifier.runtime,
                "size_bytes": classifier.size_bytes,
            }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
