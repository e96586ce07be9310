"""What models are calibrated on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgefmnist.dataset import Samples, load, split_validation
from edgefmnist.errors import BadPicture, UsageError
from edgefmnist.quantization import representative
from edgefmnist.records import GarmentFrames


@pytest.fixture(scope="module")
def train() -> Samples:
    return load("train")


@pytest.fixture(scope="module")
def train_at(train: Samples) -> np.ndarray:
    return split_validation(train.labels, 5_000, 0)[0]


def test_subsets_are_disjoint_stratified_and_of_the_training_split(
    train: Samples, train_at: np.ndarray
) -> None:
    allowed = {train.images[i].tobytes() for i in train_at}
    subsets = representative.disjoint(train, train_at, 200, (7, 8, 9))
    drawn = [{image.tobytes() for image in one.images} for one in subsets]
    assert all(len(one) == 200 and one <= allowed for one in drawn)
    assert len(set.union(*drawn)) == 600
    assert all(set(one.per_class.values()) == {20} for one in subsets)
    same = representative.from_training(train, train_at, 200, 7)
    np.testing.assert_array_equal(subsets[0].images, same.images)


def test_more_than_there_are_is_refused(train: Samples, train_at: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"3 times 20000 .* 55000"):
        representative.disjoint(train, train_at, 20_000, (0, 1, 2))


def frames(count: int) -> GarmentFrames:
    pictures = np.random.default_rng(0).integers(5, 90, (count, 28, 28), dtype=np.uint8)
    return GarmentFrames(folder=Path("wardrobe"), pictures=pictures, empty=4, unreadable=1)


def test_the_input_range_does_not_hang_on_own_frames() -> None:
    """Dim frames: two pixels are changed, so that the input's scale is that of 0..255."""
    given = frames(30)
    images = representative.from_frames(given).images
    assert images.min() == 0 and images.max() == 255
    assert (images != given.pictures).sum() == 2
    assert given.pictures.max() < 90  # the caller's are left alone


def test_too_few_own_frames_are_refused_with_the_count() -> None:
    with pytest.raises(BadPicture, match="found in 3 of the 8 pictures in wardrobe"):
        representative.from_frames(frames(3))
