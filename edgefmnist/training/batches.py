"""The batches of an epoch: everything random in them follows from (seed, epoch) alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from edgefmnist.augment import camera_like, erased, outlier, retaken
from edgefmnist.dataset import Samples
from edgefmnist.dataset.photos import Photos
from edgefmnist.records import LABELS
from edgefmnist.training import shares
from edgefmnist.training.recipes import Augmentation, Recipe

Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
Floats = npt.NDArray[np.float32]
Pictures = npt.NDArray[np.uint8]
Teacher = Callable[[Pictures], Floats]
"""From pictures uint8 [n, 28, 28] to probabilities [n, 10], rows adding up to 1."""


@dataclasses.dataclass(frozen=True, slots=True)
class _View:
    """One changed copy of every picture, with outliers and photos, and the targets of all.

    garments: how many rows of the data set's garments come first. images: uint8 [n, 28, 28].
    targets: [n, k].
    """

    garments: int
    images: Pictures
    targets: Floats


class Feed:
    """The epochs of a stretch of training that has one recipe.

    Changing a picture as a camera would, and asking a teacher about it, costs as much as training
    on it. So only the first `Augmentation.views` epochs do it; the later ones have those pictures
    again, in another order (a fixed teacher that sees what the student sees, over many epochs:
    Beyer et al. 2022, "Knowledge distillation: A good teacher is patient and consistent").
    """

    def __init__(
        self,
        recipe: Recipe,
        samples: Samples,
        seed: int,
        first_epoch: int = 1,
        teacher: Teacher | None = None,
        photos: Photos | None = None,
    ) -> None:
        """Take what all epochs share; `first_epoch` is the first that this feed gives."""
        self._photos = None if recipe.augmentation is None else photos
        self._classes = classes_of(self._photos)
        self._recipe = recipe
        self._samples = samples
        self._seed = seed
        self._first_epoch = first_epoch
        self._teacher = teacher
        self._views: dict[int, _View] = {}

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Every picture of the samples once, in random order, with outliers if the recipe has any.

        Photos, where there are some, come on top like the outliers.

        Yields images float32 [n, 28, 28, 1], 0..255, and targets float32 as `targets` gives them.
        The next batch is made beside the training of this one.
        """
        batches = self._batches(epoch)
        with ThreadPoolExecutor(1) as beside:
            coming = beside.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = beside.submit(next, batches, None)
                yield batch

    def _batches(self, epoch: int) -> Iterator[Batch]:
        options = self._recipe.augmentation
        views = options.views if options else 1
        made_in = self._first_epoch + (epoch - self._first_epoch) % views
        if epoch == made_in:
            yield from self._new_view(epoch)
            return
        if made_in not in self._views:  # a resumed training has to make it again
            for _ in self._new_view(made_in):
                pass
        view = self._views[made_in]
        for chosen in self._rows(view.garments, len(view.images), epoch):
            yield _as_floats(view.images[chosen]), view.targets[chosen]

    def _rows(self, garments: int, total: int, epoch: int) -> Iterator[npt.NDArray[np.int64]]:
        """Rows of a view for each batch: what comes on top is spread evenly over the batches."""
        rng = np.random.default_rng([self._seed, epoch])
        steps = -(-garments // self._recipe.batch_size)
        order = rng.permutation(garments)
        others = np.array_split(rng.permutation(total - garments) + garments, steps)
        for step, more in enumerate(others):
            at = step * self._recipe.batch_size
            yield np.concatenate([order[at : at + self._recipe.batch_size], more])

    def _new_view(self, epoch: int) -> Iterator[Batch]:
        """Make a view, yielding it batch by batch, and keep it.

        The teacher is asked about clean pictures alone: one that was trained for the data set's
        test images knows little of a camera's.
        """
        options, samples = self._recipe.augmentation, self._samples
        garments = len(samples.labels)
        real = garments + (round(garments * options.outlier_share) if options else 0)
        rng = np.random.default_rng([self._seed, epoch, 1])
        shown, shown_wanted = self._draw_photos(garments, rng)
        total = real + len(shown)
        images = np.empty((total, 28, 28), np.uint8)
        images[real:] = shown
        wanted = targets(self._recipe, samples.labels, real - garments, self._classes)
        wanted = np.concatenate([wanted, shown_wanted]) if len(shown) else wanted
        for chosen in self._rows(garments, total, epoch):
            here, others = chosen[chosen < garments], chosen[chosen >= garments]
            images[here] = samples.images[here]
            taught = here
            if options is not None:
                before_camera = rng.random(len(here)) < options.camera_share
                for row in here[before_camera]:
                    images[row] = camera_like(samples.images[row], int(samples.labels[row]), rng)
                taught = here[~before_camera]
                for row in taught:
                    images[row] = _plainly_changed(samples.images[row], options, rng)
                for row in others:
                    images[row] = outlier(samples, rng) if row < real else retaken(images[row], rng)
            if self._teacher is not None and len(taught):
                share = self._recipe.teacher_share
                soft = share * self._teacher(images[taught])
                wanted[taught, : len(LABELS)] = (1 - share) * wanted[taught, : len(LABELS)] + soft
            yield _as_floats(images[chosen]), wanted[chosen]
        self._views[epoch] = _View(garments, images, wanted)

    def _draw_photos(self, garments: int, rng: np.random.Generator) -> tuple[Pictures, Floats]:
        """As many pictures of photos as the recipe has for `garments`, as they are, and targets."""
        options, photos = self._recipe.augmentation, self._photos
        if options is None or photos is None:
            return np.empty((0, 28, 28), np.uint8), np.empty((0, self._classes + 1), np.float32)
        rows = shares.draw(photos, round(garments * options.photo_share), rng)
        classes = photos.classes[photos.photo[rows]]
        return photos.pictures[rows], photo_targets(self._recipe, classes)


def classes_of(photos: Photos | None) -> int:
    """How many classes a training with `photos` has: Fashion-MNIST's, and more where they do."""
    return len(LABELS) if photos is None else photos.classes.shape[1] - 1


def whole_batch(recipe: Recipe, samples: Samples, classes: int = len(LABELS)) -> Batch:
    """All of `samples` as they are, in the form that `Feed.epoch` yields."""
    return _as_floats(samples.images), targets(recipe, samples.labels, classes=classes)


def targets(
    recipe: Recipe,
    labels: npt.NDArray[np.uint8],
    outliers: int = 0,
    classes: int = len(LABELS),
) -> Floats:
    """Targets for `labels` [n], smoothed as the recipe says, followed by those of `outliers`.

    Returns: float32 [n, 10]; [n + outliers, classes + 1] where the recipe trains with outliers: the
    last column stands for them and carries their weight in the loss.
    """
    known = len(LABELS)
    smoothing = np.float32(recipe.label_smoothing)
    hot = np.asarray(np.eye(known)[labels], np.float32) * (1 - smoothing) + smoothing / known
    if recipe.augmentation is None:
        return hot
    rows = np.zeros((len(labels) + outliers, classes + 1), np.float32)
    rows[: len(labels), :known] = hot
    rows[len(labels) :, classes] = recipe.augmentation.outlier_weight
    return rows


def photo_targets(recipe: Recipe, classes: npt.NDArray[np.bool_]) -> Floats:
    """Targets, float32 [n, k], of pictures whose possible `classes` are bool [n, k].

    Negative where there are several (`losses.OpenSetCrossentropy`).
    """
    weight = np.float32(recipe.augmentation.outlier_weight if recipe.augmentation else 1)
    several = classes.sum(axis=1) > 1
    rows = np.where(several[:, None], -classes.astype(np.float32), classes).astype(np.float32)
    known, known_classes = ~several & ~classes[:, -1], classes.shape[1] - 1
    smoothing = np.float32(recipe.label_smoothing)
    rows[known, :known_classes] *= 1 - smoothing
    rows[known, :known_classes] += smoothing / known_classes
    rows[~several & classes[:, -1]] *= weight
    return rows


def _plainly_changed(
    picture: Pictures, options: Augmentation, rng: np.random.Generator
) -> Pictures:
    """Mirror, shift and erase one picture, uint8 [28, 28], that the camera does not change."""
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    reach = options.shift
    moved: Pictures = np.roll(picture, tuple(rng.integers(-reach, reach + 1, 2)), axis=(0, 1))
    return erased(moved, rng) if rng.random() < options.erased_share else moved


def _as_floats(images: Pictures) -> Floats:
    return images.astype(np.float32)[..., np.newaxis]
