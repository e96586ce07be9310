"""Every picture is answered by what had not seen it."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist.adaptation.crossvalidation import answer, parts
from edgefmnist.adaptation.problem import Photos, Problem, Remembered
from edgefmnist.runtime.last_layer import Layer

_LABELS = ("Hat", "Coat", "Bag")


def made(seed: int) -> Problem:
    """Three classes of 20 photos and 20 remembered pictures, far apart in eight features."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(3), 20)
    middles = 4 * np.eye(3, 8)[classes]
    photos, mirrored, memory = (
        (middles + rng.normal(size=middles.shape)).astype(np.float32) for _ in range(3)
    )
    layer = Layer(weights=np.zeros((3, 8), np.float32), bias=np.zeros(3, np.float32))
    return Problem(
        labels=_LABELS,
        kept=3,
        begin=layer,
        before=layer,
        before_classes=np.arange(3),
        photos=Photos(
            features=photos, mirrored=mirrored, classes=classes, groups=np.arange(60) // 2
        ),
        memory=Remembered(features=memory, classes=classes, as_camera=np.arange(60) % 2 == 0),
    )


@pytest.mark.parametrize("count", [2, 4, 5])
def test_parts_are_of_whole_groups_and_every_class(count: int) -> None:
    photos = made(0).photos
    part_of = parts(photos.classes, photos.groups, count=count)
    assert sorted(set(part_of.tolist())) == [*range(count)]
    for group in np.unique(photos.groups):
        assert len(set(part_of[photos.groups == group].tolist())) == 1
    for part in range(count):
        assert set(photos.classes[part_of == part].tolist()) == {0, 1, 2}


def test_a_network_for_each_part_answers_that_part() -> None:
    base, networks = made(0), [made(seed) for seed in range(1, 5)]
    part_of = parts(base.photos.classes, base.photos.groups, count=4)
    told = answer(base, 0.5, trained=networks)
    for part, network in enumerate(networks):
        alone = answer(base, 0.5, trained=[network] * 4)
        own = part_of == part
        np.testing.assert_array_equal(told.photos[own], alone.photos[own])
    assert (told.photos.argmax(axis=1) == base.photos.classes).mean() > 0.9
