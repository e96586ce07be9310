"""A learned background beside the ordinary search: time, masks and answers on the same frames.

usage: python -m benchmarks.background [--seeds N] [--frames N]

The frames are those of ``demo:fixed:SEED``, 640x480, each seed another ground. Both ways take every
frame in turn; the time is that of the one thread on its processor. The true mask is where the
frame changes when the garment's dye does. unknown is off: a frame is right with its true label.
Writes `background.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import time
from collections.abc import Iterator
from itertools import islice

import cv2
import numpy as np

from benchmarks import pages
from edgefmnist.camera.background import learn
from edgefmnist.camera.capture import open_capture
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.garments import load_garments
from edgefmnist.camera.sources.scenes import Scene, fixed_scenes, render
from edgefmnist.environment import Watch
from edgefmnist.preprocess import Prepared, Preprocessor, whole_scene
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve


@dataclasses.dataclass(slots=True)
class Tally:
    """What one way came to: ms, intersection over union and right a frame, masks on empty ones."""

    ms: list[float] = dataclasses.field(default_factory=list)
    overlap: list[float] = dataclasses.field(default_factory=list)
    right: list[bool] = dataclasses.field(default_factory=list)
    empty: list[bool] = dataclasses.field(default_factory=list)


def shown(seed: int, frames: int) -> Iterator[tuple[np.ndarray, np.ndarray | None, int]]:
    """Frames after the empty ones, with true mask (None without a garment) and label."""
    random = np.random.default_rng(seed)
    scenes = fixed_scenes(random, load_garments(), 1)
    render(next(scenes), random)
    every = ((scene, _) for scene in scenes for _ in range(scene.frames))
    for scene, _ in islice(every, frames):
        mask = None if scene.dye is None else true_mask(scene, random)
        yield render(scene, random), mask, scene.label


def true_mask(scene: Scene, random: np.random.Generator) -> np.ndarray:
    """Bool [480, 640] of the frame that `random` renders next; leaves `random` as it was."""
    state = random.bit_generator.state
    pair = []
    for level in (0, 255):
        random.bit_generator.state = state
        pair.append(render(dataclasses.replace(scene, dye=np.full_like(scene.dye, level)), random))
    random.bit_generator.state = state
    return cv2.absdiff(*pair).mean(axis=2) > 110


def overlap(mask: np.ndarray | None, truth: np.ndarray) -> float:
    """Intersection over union."""
    found = np.zeros_like(truth) if mask is None else mask > 0
    return float((found & truth).sum() / (found | truth).sum())


def timed(preprocessor: Preprocessor, pixels: np.ndarray, tally: Tally) -> Prepared:
    start = time.thread_time()
    prepared = preprocessor.prepare(pixels)
    tally.ms.append((time.thread_time() - start) * 1e3)
    return prepared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    watch = Watch()
    classifier = Classifier(resolve(None))
    tallies = {"search": Tally(), "learned background": Tally()}
    for seed in range(options.seeds):
        source = SourceConfig(uri=f"demo:fixed:{seed}")
        with contextlib.closing(open_capture(source, None, lambda: False)) as capture:
            background = learn(capture, lambda *_: None, lambda: False, lambda _: None)
        steps = (Preprocessor(), Preprocessor(background))
        ways = tuple(zip(tallies.values(), steps, strict=True))
        for pixels, truth, label in shown(seed, options.frames):
            for tally, preprocessor in ways:
                prepared = timed(preprocessor, pixels, tally)
                if truth is None:
                    tally.empty.append(prepared.mask is None)
                    continue
                tally.overlap.append(overlap(prepared.mask, truth))
                picture = whole_scene(pixels) if prepared.picture is None else prepared.picture
                right = int(classifier.scores(picture[None])[0].argmax()) == label
                tally.right.append(right)
    heads = ("way", "median, ms", "p95, ms", "overlap", "worst tenth", "right", "empty refused")
    body = (
        f"{options.seeds} scenes of `demo:fixed`, {options.frames} frames of each. Overlap is "
        "intersection over union with the true mask, its mean and its 10th percentile.\n\n"
        + pages.table(heads, (_row(name, tally) for name, tally in tallies.items()))
    )
    pages.write("background", "A learned background beside the search", body, watch.end())


def _row(name: str, tally: Tally) -> list[str]:
    p50, p95 = np.percentile(tally.ms, (50, 95))
    return [
        name,
        f"{p50:.2f}",
        f"{p95:.2f}",
        f"{np.mean(tally.overlap):.3f}",
        f"{np.percentile(tally.overlap, 10):.3f}",
        f"{sum(tally.right)} of {len(tally.right)}",
        f"{sum(tally.empty)} of {len(tally.empty)}",
    ]


if __name__ == "__main__":
    main()
