"""Somebody's pictures as a training takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgefmnist.adaptation.gathering import Gathered
from edgefmnist.adaptation.pictures import File, Garments
from edgefmnist.finetuning.finetuner import photos_of
from edgefmnist.records import LABELS


def test_own_classes_stand_between_the_ten_and_none_of_them() -> None:
    labels = ("Coat", None, "My box", "Bag", "Kilt")
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None].repeat(28, 1).repeat(28, 2)
    garments = Garments(
        images=images,
        files=tuple(File(path=Path(str(at)), label=label) for at, label in enumerate(labels)),
        taken_s=(None,) * len(labels),
        empty=0,
        unreadable=0,
    )
    gathered = Gathered(
        garments=garments,
        groups=np.arange(len(labels)),
        repeated=0,
        dropped=(),
        labels=("Coat", "Bag", "Kilt", "My box"),  # as with --only
    )
    photos = photos_of(gathered, np.array([0, 1, 2, 4]))
    assert photos.classes.shape == (4, len(LABELS) + 3)
    rows, columns = np.nonzero(photos.classes)
    assert rows.tolist() == [0, 1, 2, 3]
    assert columns.tolist() == [LABELS.index("Coat"), 12, 11, 10]
    assert photos.pictures[:, 0, 0].tolist() == [0, 1, 2, 4]
    assert photos.kind.tolist() == ["Coat", "", "My box", "Kilt"]
