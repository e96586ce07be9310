"""Scenes without a garment, and arrays that hardly are pictures."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist.preprocess import Preprocessor
from tests.preprocess.drawing import GROUNDS, ground


def assert_nothing(pixels):
    found = Preprocessor().prepare(pixels)
    assert (found.picture, found.box, found.mask) == (None, None, None)


@pytest.mark.parametrize("kind", GROUNDS)
@pytest.mark.parametrize("level", [40, 128, 220])
def test_empty_scene_gives_nothing(kind, level):
    for seed in range(3):
        assert_nothing(ground(kind, level, seed=seed))


@pytest.mark.parametrize("level", [0, 255])
def test_all_black_and_all_white_give_nothing(level):
    assert_nothing(np.full((480, 640, 3), level, np.uint8))


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 500), (500, 1), (2, 3000), (5, 7), (12, 12), (13, 400), (0, 10), (10, 0)]
)
def test_tiny_and_thin_pictures_give_nothing(size):
    random = np.random.default_rng(0)
    assert_nothing(random.integers(0, 256, (*size, 3)).astype(np.uint8))


def test_huge_noise_gives_nothing():
    assert_nothing(np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8))


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))]
)
def test_arrays_of_another_kind_are_refused(wrong):
    with pytest.raises(ValueError, match="uint8 \\[height, width, 3\\]"):
        Preprocessor().prepare(wrong)
