"""What our Classifier adds to a bare loop over the interpreter it holds, in one process.

usage: python -m benchmarks.engines.overhead MODEL.tflite THREADS SECONDS

Prints one line of JSON: the nanoseconds of every inference of both ways, by block. They take turns
in blocks, each on an interpreter of its own, built alike. Bare: set a
ready int8 tensor, invoke, get the output. Ours: one uint8 picture in, `Classifier.raw` out.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgefmnist.runtime import interpreter
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile

_BLOCK = 20
_WARMUP_S = 0.3


def main() -> None:
    """Measure and tell."""
    path, threads, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    picture = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    classifier = Classifier(ModelFile(name=path.stem, path=path), threads=threads)
    ways = {"bare": _bare(path, threads, picture), "ours": lambda: classifier.raw(picture)}
    _run(ways, _WARMUP_S)
    print(json.dumps(_run(ways, seconds)))


def _bare(path: Path, threads: int, picture: np.ndarray) -> Callable[[], object]:
    built = interpreter.build(path, threads, batch=1)
    source = built.get_input_details()[0]["index"]
    target = built.get_output_details()[0]["index"]
    ready = (picture ^ np.uint8(0x80)).view(np.int8)[..., np.newaxis]

    def invoke() -> object:
        built.set_tensor(source, ready)
        built.invoke()
        return built.get_tensor(target)

    return invoke


def _run(ways: dict[str, Callable[[], object]], seconds: float) -> dict[str, list[list[int]]]:
    """Nanoseconds by way and block."""
    blocks: dict[str, list[list[int]]] = {way: [] for way in ways}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for way, once in ways.items():
            once()  # brings its tensors back into the cache
            taken = []
            now = time.perf_counter_ns()
            for _ in range(_BLOCK):
                began = now
                once()
                now = time.perf_counter_ns()
                taken.append(now - began)
            blocks[way].append(taken)
    return blocks


if __name__ == "__main__":
    main()
