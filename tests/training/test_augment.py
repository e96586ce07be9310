"""Augmentation keeps what must not change."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.frameworks import require_keras
from edgefmnist.training.augment import Augmentation, Images, augment


@pytest.fixture(scope="module")
def pictures() -> Images:
    require_keras()
    return load("test").images[:256, :, :, np.newaxis].astype(np.float32)


def test_shape_range_and_input_are_kept(pictures: Images) -> None:
    before = pictures.copy()
    changed = augment(pictures, Augmentation(), np.random.default_rng(0))
    assert changed.shape == pictures.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 255
    np.testing.assert_array_equal(pictures, before)


def test_the_same_generator_gives_the_same_pictures(pictures: Images) -> None:
    first, second = (augment(pictures, Augmentation(), np.random.default_rng(3)) for _ in "ab")
    other = augment(pictures, Augmentation(), np.random.default_rng(4))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_outside_the_cameras_share_pictures_are_only_mirrored_and_shifted(
    pictures: Images,
) -> None:
    options = Augmentation(camera_share=0.0, shift_px=0.0)
    changed = augment(pictures, options, np.random.default_rng(1))
    straight = np.isclose(changed, pictures, atol=1e-3).all(axis=(1, 2, 3))
    mirrored = np.isclose(changed, pictures[:, :, ::-1], atol=1e-3).all(axis=(1, 2, 3))
    assert (straight | mirrored).all()
    assert 0.3 < mirrored.mean() < 0.7


def test_tones_leave_the_background_black_and_the_outline_visible(pictures: Images) -> None:
    options = Augmentation(
        camera_share=1.0,
        flip_share=0.0,
        shift_px=0.0,
        rotation_deg=0.0,
        shear_deg=0.0,
        scale=(1.0, 1.0),
        erase_share=0.0,
        tone_share=1.0,
        invert_share=0.5,
    )
    changed = augment(pictures, options, np.random.default_rng(2))
    assert (changed[pictures == 0] < 1e-2).all()
    assert (changed[pictures > 20] > 5).all()


def test_a_rotation_keeps_the_picture_centred(pictures: Images) -> None:
    blob = np.zeros((64, 28, 28, 1), np.float32)
    blob[:, 11:17, 11:17] = 200
    options = Augmentation(
        camera_share=1.0, shift_px=0.0, tone_share=0, invert_share=0, shade_share=0, erase_share=0
    )
    changed = augment(blob, options, np.random.default_rng(5))[..., 0]
    weights = changed / changed.sum(axis=(1, 2), keepdims=True)
    rows = (weights.sum(axis=2) * np.arange(28)).sum(axis=1)
    columns = (weights.sum(axis=1) * np.arange(28)).sum(axis=1)
    np.testing.assert_allclose(rows, 13.5, atol=0.1)
    np.testing.assert_allclose(columns, 13.5, atol=0.1)
