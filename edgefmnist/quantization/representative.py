"""The representative dataset: the pictures from which a converter reads the range of each tensor.

The converter keeps the smallest and the greatest value that each activation takes over these
pictures, and spreads its 256 steps between them (Jacob et al. 2018, "Quantization and Training of
Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from edgefmnist.dataset import Samples, stratified_sample
from edgefmnist.dataset.split import Indices
from edgefmnist.errors import BadPicture, UsageError
from edgefmnist.records import LABELS, GarmentFrames
from edgefmnist.runtime.bundle import OWN_FRAMES, TRAINING_SPLIT

LEAST_FRAMES = 20
"""Own frames under which the ranges would hang on single pictures."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """Pictures to calibrate on.

    images: uint8 [n, 28, 28], raw intensities; 0 and 255 are among them.
    origin: where they come from, as the bundle's record says it.
    per_class: how many of each class, by name; empty where the classes are not known.
    """

    images: npt.NDArray[np.uint8]
    origin: str
    per_class: dict[str, int] = dataclasses.field(default_factory=dict)


def from_training(train: Samples, train_at: Indices, count: int, seed: int) -> Representative:
    """Draw `count` of the training pictures, each class in its own proportion.

    train_at: indices of those that are not held out.
    Raises: UsageError where there are not so many.
    """
    return disjoint(train, train_at, count, (seed,))[0]


def disjoint(
    train: Samples, train_at: Indices, count: int, seeds: tuple[int, ...]
) -> tuple[Representative, ...]:
    """For each seed `count` training pictures, stratified; no picture is in two of them.

    The first is what `from_training` draws with its seed.
    Raises: UsageError where there are not so many.
    """
    if count * len(seeds) > len(train_at):
        times = f"{len(seeds)} times " if len(seeds) > 1 else ""
        raise UsageError(
            f"{times}{count} calibration samples asked for; there are {len(train_at)} pictures "
            "in the training split"
        )
    drawn, left = [], train_at
    for seed in seeds:
        chosen = left[stratified_sample(train.labels[left], count, seed)]
        left = np.setdiff1d(left, chosen, assume_unique=True)
        counts = np.bincount(train.labels[chosen], minlength=len(LABELS))
        drawn.append(
            Representative(
                images=_over_full_range(train.images[chosen]),
                origin=TRAINING_SPLIT,
                per_class=dict(zip(LABELS, counts.tolist(), strict=True)),
            )
        )
    return tuple(drawn)


def from_frames(frames: GarmentFrames) -> Representative:
    """All of somebody's own frames that show a garment.

    Raises: BadPicture where they are too few to tell a range.
    """
    found = len(frames.pictures)
    if found < LEAST_FRAMES:
        total = found + frames.empty + frames.unreadable
        raise BadPicture(
            f"a garment was found in {found} of the {total} pictures in {frames.folder}; "
            f"calibration needs {LEAST_FRAMES} and is better with 100: see what is missed with "
            f"edgefmnist predict {frames.folder} --explain OUT"
        )
    return Representative(images=_over_full_range(frames.pictures), origin=OWN_FRAMES)


def _over_full_range(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The same with 0 and 255 among the intensities.

    The range of the input is no matter of calibration: it is known. Calibrated on dim garments
    alone the input would get a scale of its own, and bright ones would be cut off.
    """
    if images.min() == 0 and images.max() == 255:
        return images
    widened = images.copy()
    flat = widened.reshape(-1)
    flat[flat.argmax()], flat[flat.argmin()] = 255, 0
    return widened
