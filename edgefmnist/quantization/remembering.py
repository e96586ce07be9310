"""What a bundle is given to remember its classes by (`edgefmnist.runtime.memory`)."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from edgefmnist.certainty import Flags
from edgefmnist.dataset import Samples, stratified_sample
from edgefmnist.errors import BadModel, MissingDependency
from edgefmnist.records import LABELS, Certainty
from edgefmnist.runtime.classifier import Pictures
from edgefmnist.runtime.last_layer import PartedModel
from edgefmnist.runtime.memory import Memory
from edgefmnist.runtime.model_file import ModelFile

_AS_THEY_ARE = 2_000
_AS_CAMERA = 600
_OUTLIERS = 600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPictures:
    """Pictures to remember. images: uint8 [n, 28, 28]; classes, as_camera: as in `Memory`."""

    images: Pictures
    classes: npt.NDArray[np.int16]
    as_camera: Flags


def remember(
    model: ModelFile,
    validation: Samples,
    shown: Pictures,
    garment: Flags,
    certainty: Certainty,
) -> Memory | None:
    """Features of a stratified sample of the pictures that were held out of the training.

    Of those that the model was fitted on it knows many by heart: how much of them it forgets would
    say little of others.

    shown, garment: `calibration.camera_pictures` of `validation`. certainty: of the model.
    Returns: None for a model that cannot be adapted: of floats, or ending in a softmax.
    """
    try:
        parted = PartedModel(model)
    except (BadModel, MissingDependency):
        return None
    return remembered(parted, pictures_of(validation, shown, garment), certainty)


def pictures_of(validation: Samples, shown: Pictures, garment: Flags) -> MemoryPictures:
    """The pictures to remember. shown, garment: `calibration.camera_pictures` of `validation`."""
    held_out = len(validation.labels)
    clean, camera = (
        stratified_sample(validation.labels, min(count, held_out), seed=0)
        for count in (_AS_THEY_ARE, _AS_CAMERA)
    )
    outliers = np.flatnonzero(~garment)[:_OUTLIERS]
    images = np.concatenate([validation.images[clean], shown[garment][camera], shown[outliers]])
    classes = np.concatenate(
        [validation.labels[clean], validation.labels[camera], np.full(len(outliers), -1)]
    )
    return MemoryPictures(
        images=images,
        classes=classes.astype(np.int16),
        as_camera=np.arange(len(images)) >= len(clean),
    )


def remembered(parted: PartedModel, pictures: MemoryPictures, certainty: Certainty) -> Memory:
    """What a model remembers of `pictures`. certainty: of the model."""
    return Memory(
        features=parted.features(pictures.images),
        classes=pictures.classes,
        as_camera=pictures.as_camera,
        labels=LABELS,
        layer=parted.layer(),
        certainty=certainty,
        body_sha256=parted.body_sha256,
    )
