"""What a bundle is given to remember its classes by (`edgefmnist.runtime.memory`)."""

from __future__ import annotations

import numpy as np

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
    return Memory(
        features=parted.features(images),
        classes=classes.astype(np.int16),
        as_camera=np.arange(len(images)) >= len(clean),
        labels=LABELS,
        layer=parted.layer(),
        certainty=certainty,
        body_sha256=parted.body_sha256,
    )
