"""What is to be learned: the new labels, and pictures of both kinds as features of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from edgefmnist import class_names
from edgefmnist.adaptation import head
from edgefmnist.adaptation.groups import Groups
from edgefmnist.adaptation.head import Classes
from edgefmnist.adaptation.pictures import File, Garments
from edgefmnist.errors import BadInput
from edgefmnist.runtime.classifier import Floats
from edgefmnist.runtime.last_layer import Layer, PartedModel
from edgefmnist.runtime.memory import Memory

NONE = -1
"""Class of what is none of the classes."""
Rows = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Features of remembered pictures. as_camera: as a camera would show them, or outliers."""

    features: Floats
    classes: Classes
    as_camera: npt.NDArray[np.bool_]

    @property
    def rows(self) -> Rows:
        """All of them, by number."""
        return np.arange(len(self.classes))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """Features of somebody's own pictures, as they are and seen in a mirror, and their groups."""

    features: Floats
    mirrored: Floats
    classes: Classes
    groups: Groups

    @property
    def rows(self) -> Rows:
        """All of them, by number."""
        return np.arange(len(self.classes))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a layer is fitted on, and from where.

    labels: of the new model; the model had the first `kept` of them.
    begin: the layer as it was, with a row for each of `labels`. before: rows of the layer as it
        was, in the order of `before_classes`, which are indices into `labels`; -1: none of them.
    """

    labels: tuple[str, ...]
    kept: int
    begin: Layer
    before: Layer
    before_classes: Classes
    photos: Photos
    memory: Remembered

    def layer(self, photo_rows: Rows, memory_rows: Rows, share: float) -> Layer:
        """Fit on some of the pictures. share: what the photos count, 0..1; 0: `begin` as it is."""
        if not share:
            return self.begin
        photos, memory = self.photos, self.memory
        seen = head.balanced(
            np.concatenate([photos.features[photo_rows], photos.mirrored[photo_rows]]),
            np.tile(photos.classes[photo_rows], 2),
        )
        kept = head.balanced(memory.features[memory_rows], memory.classes[memory_rows])
        return head.fit(kept.joined(seen, share), self.begin, len(photo_rows))


def labels_of(known: tuple[str, ...], files: tuple[File, ...], only: bool) -> tuple[str, ...]:
    """The labels of a model that learns `files`: those known, and then one's own by name.

    Raises: BadInput where they can be no model's.
    """
    given = {file.label for file in files if file.label is not None}
    kept = [label for label in known if not only or label in given]
    labels = (*kept, *sorted(given - set(known)))
    try:
        class_names.check_labels(labels)
    except ValueError as error:
        raise BadInput(f"the folders cannot be the classes of a model: {error}") from error
    return labels


def problem(
    parted: PartedModel,
    memory: Memory,
    garments: Garments,
    groups: Groups,
    labels: tuple[str, ...],
) -> Problem:
    """Put all of it together; takes the features of the garments."""
    place = {label: at for at, label in enumerate(labels)}
    kept = tuple(at for at, label in enumerate(memory.labels) if label in place)
    classes = np.array([place.get(label, NONE) for label in memory.labels], np.int64)
    still = np.isin(memory.classes, (*kept, NONE))  # the pictures of dropped classes say nothing
    remembered = np.append(classes, NONE)[memory.classes[still]]
    images = garments.images
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    return Problem(
        labels=labels,
        kept=len(kept),
        begin=head.start(memory.layer, kept, len(labels) - len(kept)),
        before=memory.layer,
        before_classes=classes,
        photos=Photos(
            features=parted.dequantized(parted.features(images)),
            mirrored=parted.dequantized(parted.features(mirrored)),
            classes=np.array(
                [NONE if file.label is None else place[file.label] for file in garments.files]
            ),
            groups=groups,
        ),
        memory=Remembered(
            features=parted.dequantized(memory.features[still]),
            classes=remembered.astype(np.int64),
            as_camera=memory.as_camera[still],
        ),
    )
