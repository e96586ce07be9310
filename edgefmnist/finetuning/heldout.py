"""Fashion-MNIST pictures that no training of the bundle has seen: by them it is remembered."""

from __future__ import annotations

import dataclasses

from edgefmnist.certainty import Flags
from edgefmnist.dataset import Samples, split_validation
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.quantization import calibration, remembering
from edgefmnist.quantization.remembering import MemoryPictures
from edgefmnist.runtime.classifier import Pictures
from edgefmnist.training.recipes import Recipe


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Pictures of the training split that were held out of the bundle's training.

    shown, garment: as `calibration.camera_pictures` makes them of `validation`.
    memory: those of both that a bundle remembers.
    """

    validation: Samples
    shown: Pictures
    garment: Flags
    memory: MemoryPictures


def held_out(train: Samples, recipe: Recipe) -> HeldOut:
    """What the training of `recipe` holds out of `train`, the whole training split."""
    _, rows = split_validation(train.labels, recipe.validation_count, SPLIT_SEED)
    validation = Samples(images=train.images[rows], labels=train.labels[rows])
    shown, garment = calibration.camera_pictures(validation)
    memory = remembering.pictures_of(validation, shown, garment)
    return HeldOut(validation=validation, shown=shown, garment=garment, memory=memory)
