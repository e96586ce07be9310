"""What a network is shown in an epoch, and how it is judged on it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgefmnist.dataset import Samples, load
from edgefmnist.frameworks import require_keras
from edgefmnist.training.batches import epoch_batches, targets, whole_batch
from edgefmnist.training.recipes import Augmentation, Recipe, get


@pytest.fixture(scope="module")
def some() -> Samples:
    test = load("test")
    return Samples(images=test.images[:300], labels=test.labels[:300])


def camera_recipe(**changes: float) -> Recipe:
    return dataclasses.replace(
        get("edge"), batch_size=64, augmentation=dataclasses.replace(Augmentation(), **changes)
    )


def test_a_plain_epoch_has_every_picture_once(some: Samples) -> None:
    recipe = dataclasses.replace(get("seed-3"), batch_size=64)
    batches = list(epoch_batches(recipe, some, seed=0, epoch=1))
    assert [len(images) for images, _ in batches] == [64, 64, 64, 64, 44]
    images = np.concatenate([images for images, _ in batches])[..., 0]
    labels = np.concatenate([hot for _, hot in batches]).argmax(axis=1)
    assert images.dtype == np.float32
    shown = sorted(zip((i.tobytes() for i in images.astype(np.uint8)), labels, strict=True))
    there = sorted(zip((i.tobytes() for i in some.images), some.labels, strict=True))
    assert shown == there


def test_outliers_come_on_top_with_their_weight(some: Samples) -> None:
    recipe = camera_recipe(outlier_share=0.25, outlier_weight=0.5)
    images, hot = next(epoch_batches(recipe, some, seed=0, epoch=1))
    assert images.shape == (80, 28, 28, 1) and hot.shape == (80, 11)
    np.testing.assert_array_equal(hot.sum(axis=1), [1.0] * 64 + [0.5] * 16)
    assert (hot[64:, 10] == 0.5).all() and (hot[:64, 10] == 0).all()


def test_epochs_follow_from_seed_and_number(some: Samples) -> None:
    recipe = camera_recipe()
    first, again, later, other = (
        next(epoch_batches(recipe, some, seed=seed, epoch=epoch))[0]
        for seed, epoch in ((1, 1), (1, 1), (1, 2), (2, 1))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, later) and not np.array_equal(first, other)


def test_what_goes_wrong_while_a_batch_is_made_comes_out(some: Samples) -> None:
    bad = Samples(images=some.images[:, :20], labels=some.labels)
    with pytest.raises((ValueError, IndexError)):
        list(epoch_batches(camera_recipe(), bad, seed=0, epoch=1))


def test_outside_the_cameras_share_pictures_are_only_mirrored_and_shifted(some: Samples) -> None:
    images, hot = next(epoch_batches(camera_recipe(camera_share=0.0), some, seed=0, epoch=1))
    sums = {int(i.sum()): int(k) for i, k in zip(some.images.astype(int), some.labels, strict=True)}
    for image, row in zip(images[:64], hot[:64], strict=True):
        assert sums[int(image.sum())] == row.argmax()


def test_validation_is_shown_as_it_is(some: Samples) -> None:
    images, hot = whole_batch(camera_recipe(), some)
    np.testing.assert_array_equal(images[..., 0], some.images)
    np.testing.assert_array_equal(hot, targets(camera_recipe(), some.labels))


def test_the_loss_is_that_of_eleven_classes_the_last_with_logit_zero() -> None:
    require_keras()
    from edgefmnist.training.losses import GarmentAccuracy, OpenSetCrossentropy

    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (6, 10)).astype(np.float32)
    hot = np.eye(11, dtype=np.float32)[[3, 3, 9, 0, 10, 10]]
    eleven = np.concatenate([logits, np.zeros((6, 1))], axis=1)
    log_p = eleven - np.log(np.exp(eleven).sum(axis=1, keepdims=True))
    found = np.array(OpenSetCrossentropy(reduction="none")(hot, logits))
    np.testing.assert_allclose(found, -(hot * log_p).sum(axis=1), rtol=1e-5)
    smooth = np.array(OpenSetCrossentropy(0.1, reduction="none")(hot, logits))
    spread = 0.9 * hot[:, :10] + 0.01 * hot[:, :10].sum(axis=1, keepdims=True)
    wanted = -(np.concatenate([spread, hot[:, 10:]], axis=1) * log_p).sum(axis=1)
    np.testing.assert_allclose(smooth, wanted, rtol=1e-5)
    accuracy = GarmentAccuracy()
    accuracy.update_state(hot, logits)
    right = (logits[:4].argmax(axis=1) == [3, 3, 9, 0]).mean()
    assert float(accuracy.result()) == pytest.approx(right)
