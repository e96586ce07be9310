"""The batches of an epoch: everything random in them follows from (seed, epoch) alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from edgefmnist.augment import camera_like, outlier
from edgefmnist.dataset import Samples
from edgefmnist.records import LABELS
from edgefmnist.training.recipes import Augmentation, Recipe

Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
Pictures = npt.NDArray[np.uint8]

_SHIFT = 2  # pixels, plus or minus, of the pictures that stay as the data set has them


def epoch_batches(recipe: Recipe, samples: Samples, seed: int, epoch: int) -> Iterator[Batch]:
    """Every picture of `samples` once, in random order, with outliers where the recipe has them.

    Yields images float32 [n, 28, 28, 1], 0..255, and targets float32 as `targets` gives them.
    The next batch is made beside the training of this one.
    """
    batches = _batches(recipe, samples, np.random.default_rng([seed, epoch]))
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = beside.submit(next, batches, None)
            yield batch


def whole_batch(recipe: Recipe, samples: Samples) -> Batch:
    """All of `samples` as they are, in the form that `epoch_batches` yields."""
    return _as_floats(samples.images), targets(recipe, samples.labels)


def targets(
    recipe: Recipe, labels: npt.NDArray[np.uint8], outliers: int = 0
) -> npt.NDArray[np.float32]:
    """One-hot targets for `labels` [n], followed by those of `outliers`.

    Returns: float32 [n, 10]; [n + outliers, 11] where the recipe trains with outliers: column 10
    stands for them and carries their weight in the loss.
    """
    if recipe.augmentation is None:
        return np.asarray(np.eye(len(LABELS))[labels], np.float32)
    none_of_them = len(LABELS)
    rows = np.concatenate([labels, np.full(outliers, none_of_them, np.uint8)])
    hot = np.asarray(np.eye(none_of_them + 1)[rows], np.float32)
    hot[:, none_of_them] *= recipe.augmentation.outlier_weight
    return hot


def _batches(recipe: Recipe, samples: Samples, rng: np.random.Generator) -> Iterator[Batch]:
    order = rng.permutation(len(samples.labels))
    for at in range(0, len(order), recipe.batch_size):
        chosen = order[at : at + recipe.batch_size]
        images, labels = samples.images[chosen], samples.labels[chosen]
        if recipe.augmentation is None:
            yield _as_floats(images), targets(recipe, labels)
            continue
        count = round(len(chosen) * recipe.augmentation.outlier_share)
        changed = [
            augmented(picture, int(label), recipe.augmentation, rng)
            for picture, label in zip(images, labels, strict=True)
        ]
        others = [outlier(samples, rng) for _ in range(count)]
        yield _as_floats(np.stack(changed + others)), targets(recipe, labels, count)


def augmented(
    picture: Pictures, label: int, options: Augmentation, rng: np.random.Generator
) -> Pictures:
    """Change one picture, uint8 [28, 28], as a camera would, or only mirror and shift it."""
    if rng.random() < options.camera_share:
        return camera_like(picture, label, rng)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    shifted: Pictures = np.roll(picture, tuple(rng.integers(-_SHIFT, _SHIFT + 1, 2)), axis=(0, 1))
    return shifted


def _as_floats(images: Pictures) -> npt.NDArray[np.float32]:
    return images.astype(np.float32)[..., np.newaxis]
