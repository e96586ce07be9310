"""Time the way from a camera frame to 28x28, and its steps.

usage: python -m benchmarks.preprocess [FRAMES]

FRAMES (60): how many 640x480 frames of the demo are prepared, each five times. Everything runs on
one thread, and its processor time is taken: on an idle machine the time that passes, on a busy one
without what other processes took. Per frame the fastest of the five counts; told are the median and
the 95th percentile over the frames. Writes `preprocess.md`.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import cv2
import numpy as np

from benchmarks import pages
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.environment import Watch
from edgefmnist.preprocess import Preprocessor, find, pipeline

STEPS = (
    (pipeline, "shrink", "shrink to the search's size"),
    (find, "cut", "coarse cut (GrabCut)"),
    (find, "refine", "refine by colours"),
    (find, "main_region", "main region, holes"),
    (find, "whole_of", "ask edges for the whole"),
    (find, "sides_of", "compare the outline's sides"),
    (find, "settle_outline", "settle the outline"),
    (pipeline, "fit", "fit to 28x28"),
)
ROUNDS = 5


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    cv2.setNumThreads(1)
    watch = Watch()
    source = open_demo("demo:1")
    pictures = [
        frame.pixels for frame in itertools.islice(iter(source.read, None), 0, 5 * frames, 5)
    ]
    preprocessor = Preprocessor()
    found = [preprocessor.prepare(picture).picture is not None for picture in pictures]
    best: dict[str, list[float]] = defaultdict(lambda: [np.inf] * frames)
    for _ in range(ROUNDS):
        for number, picture in enumerate(pictures):
            with _clocked() as spent:
                preprocessor.prepare(picture)
            for name, seconds in spent.items():
                best[name][number] = min(best[name][number], seconds)
    taken = {
        name: 1e3 * np.array([one for one in seconds if np.isfinite(one)])
        for name, seconds in best.items()
    }
    rows = [
        (name, f"{np.median(ms):.2f}", f"{np.quantile(ms, 0.95):.2f}", len(ms))
        for name, ms in taken.items()
    ]
    told = (
        f"{frames} frames of `demo:1`, 640x480, {sum(found)} with a garment found; one thread, its "
        f"processor time, the fastest of {ROUNDS} rounds. Frames: in how many the step ran.\n\n"
    )
    body = told + pages.table(("step", "median, ms", "p95, ms", "frames"), rows)
    pages.write("preprocess", "From a camera frame to 28x28", body, watch.end())


@contextmanager
def _clocked() -> Iterator[dict[str, float]]:
    """Seconds spent in each step within the block, and in the whole of it."""
    spent: dict[str, float] = {}

    def clocked(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: object) -> object:
            start = time.thread_time()
            result = function(*arguments)
            spent[name] = spent.get(name, 0.0) + time.thread_time() - start
            return result

        return call

    with ExitStack() as stack:
        for module, function, name in STEPS:
            step = clocked(getattr(module, function), name)
            stack.enter_context(mock.patch.object(module, function, step))
        start = time.thread_time()
        yield spent
        spent["prepare, all of it"] = time.thread_time() - start


if __name__ == "__main__":
    main()
