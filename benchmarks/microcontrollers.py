"""What TensorFlow Lite Micro makes of the shipped models: memory, and accuracy beside LiteRT's.

usage: python -m benchmarks.microcontrollers [PICTURES]

PICTURES (1000): how many of the test images each kernel runs, the first ones. Needs tflite-micro
(`pip install 'edgefmnist[micro]'`). Writes `microcontrollers.md`; takes two minutes, nearly all of
them in TensorFlow Lite Micro's kernels, which are made to be read and not to be fast.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks import pages
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load
from edgefmnist.errors import MissingDependency
from edgefmnist.export import micro
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve

BUNDLES = ("tiny", "edge", "accurate")
HEADS = (
    *("bundle", "model, bytes", "arena, bytes", "right: LiteRT", "LiteRT's reference", "Micro"),
    *("same class", "largest step from LiteRT", "from its reference"),
)


def main() -> None:
    test = load("test")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    images, labels = test.images[:count], test.labels[:count]
    rows = []
    for name in BUNDLES:
        model = resolve(name)
        fast, reference = Classifier(model), Classifier(model, reference=True)
        ran = micro.run(model.path, fast.encode(images))
        if ran is None:
            raise MissingDependency("no tflite-micro: pip install 'edgefmnist[micro]'")
        by_litert, by_reference = fast.raw(images), reference.raw(images)
        answers = [one.argmax(axis=1) for one in (by_litert, by_reference, ran.outputs)]
        scores = [f"{(answer == labels).mean():.2%}" for answer in answers]
        same = f"{(answers[0] == answers[2]).mean():.2%}"
        steps = [
            str(np.abs(one.astype(int) - ran.outputs).max()) for one in (by_litert, by_reference)
        ]
        sizes = [f"{size:,}" for size in (fast.size_bytes, ran.arena_bytes)]
        rows.append([f"`{name}`", *sizes, *scores, same, *steps])
        runtimes = f"{fast.runtime}, {ran.runtime}"
    body = f"The first {len(images):,} test images; {runtimes}.\n\n{pages.table(HEADS, rows)}"
    pages.write("microcontrollers", "The shipped models in TensorFlow Lite Micro", body)


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
