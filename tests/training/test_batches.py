"""What a network is shown in an epoch, and how it is judged on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from edgefmnist.dataset import Samples, load
from edgefmnist.frameworks import require_keras
from edgefmnist.training.batches import Batch, Feed, targets, whole_batch
from edgefmnist.training.recipes import Augmentation, Recipe, get


@pytest.fixture(scope="module")
def some() -> Samples:
    test = load("test")
    return Samples(images=test.images[:300], labels=test.labels[:300])


def camera_recipe(**changes: float) -> Recipe:
    return dataclasses.replace(
        get("edge"), batch_size=64, augmentation=dataclasses.replace(Augmentation(), **changes)
    )


def epoch_batches(recipe: Recipe, samples: Samples, seed: int, epoch: int) -> Iterator[Batch]:
    return Feed(recipe, samples, seed).epoch(epoch)


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
    batches = list(epoch_batches(recipe, some, seed=0, epoch=1))
    images, hot = batches[0]
    assert images.shape == (64 + 15, 28, 28, 1) and hot.shape == (64 + 15, 11)
    np.testing.assert_allclose(hot.sum(axis=1), [1.0] * 64 + [0.5] * 15, rtol=1e-6)
    assert (hot[64:, 10] == 0.5).all() and (hot[:64, 10] == 0).all()
    assert sum((hot[:, 10] > 0).sum() for _, hot in batches) == 75  # a quarter of 300


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


def test_after_the_views_come_the_same_pictures_in_another_order(some: Samples) -> None:
    feed = Feed(camera_recipe(views=2), some, seed=3)
    epochs = [list(feed.epoch(epoch)) for epoch in (1, 2, 3, 4)]
    shown = [
        sorted(
            picture.tobytes() + row.tobytes()
            for images, hot in epoch
            for picture, row in zip(images, hot, strict=True)
        )
        for epoch in epochs
    ]
    assert shown[0] == shown[2] and shown[1] == shown[3] and shown[0] != shown[1]
    assert not np.array_equal(epochs[0][0][0], epochs[2][0][0])
    assert [hot[:, 10].sum() for _, hot in epochs[0]] == [hot[:, 10].sum() for _, hot in epochs[2]]


def test_a_resumed_epoch_is_the_one_that_would_have_come(some: Samples) -> None:
    recipe = camera_recipe(views=3)
    straight = Feed(recipe, some, seed=3, first_epoch=2)
    wanted = [list(straight.epoch(epoch)) for epoch in (2, 3, 4, 5, 6)][-1]
    resumed = list(Feed(recipe, some, seed=3, first_epoch=2).epoch(6))
    for (images, hot), (again, hot_again) in zip(wanted, resumed, strict=True):
        np.testing.assert_array_equal(images, again)
        np.testing.assert_array_equal(hot, hot_again)


def test_a_teacher_answers_for_the_garments_that_it_is_shown(some: Samples) -> None:
    recipe = dataclasses.replace(
        camera_recipe(views=1, camera_share=0.0), teacher_share=0.75, label_smoothing=0.0
    )
    asked: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []

    def teacher(
        images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        asked.append(images)
        return np.tile(np.eye(10, dtype=np.float32)[4], (len(images), 1))

    feed = Feed(recipe, some, seed=0, teacher=teacher)
    first, later = list(feed.epoch(1)), list(feed.epoch(2))
    assert sum(len(images) for images in asked) == len(some.labels)  # not asked a second time
    np.testing.assert_array_equal(asked[0], first[0][0][:64, ..., 0])
    for images, rows in (*first, *later):
        garments = rows[rows[:, 10] == 0]
        np.testing.assert_allclose(garments.sum(axis=1), 1, rtol=1e-6)
        assert ((garments[:, 4] == 0.75) | (garments[:, 4] == 1)).all()
        assert (np.delete(garments, 4, axis=1).max(axis=1) <= 0.25).all()
        assert (rows[rows[:, 10] > 0][:, :10] == 0).all() and len(images) == len(rows)


def test_validation_is_shown_as_it_is(some: Samples) -> None:
    images, hot = whole_batch(camera_recipe(), some)
    np.testing.assert_array_equal(images[..., 0], some.images)
    np.testing.assert_array_equal(hot, targets(camera_recipe(), some.labels))


def test_smoothing_spreads_a_share_over_the_ten_classes(some: Samples) -> None:
    recipe = dataclasses.replace(camera_recipe(), label_smoothing=0.1)
    rows = targets(recipe, some.labels[:3], outliers=1)
    wanted = 0.9 * np.eye(10)[some.labels[:3]] + 0.01
    np.testing.assert_allclose(rows[:3, :10], wanted, rtol=1e-6)
    np.testing.assert_array_equal(rows[3], [0.0] * 10 + [0.5])


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
    accuracy = GarmentAccuracy()
    accuracy.update_state(hot, logits)
    right = (logits[:4].argmax(axis=1) == [3, 3, 9, 0]).mean()
    assert float(accuracy.result()) == pytest.approx(right)


def test_the_teacher_is_asked_about_clean_pictures_alone(some: Samples) -> None:
    asked: list[np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]] = []

    def teacher(images: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> np.ndarray:
        asked.append(images)
        return np.full((len(images), 10), 0.1, np.float32)

    recipe = camera_recipe(camera_share=0.5, outlier_share=0.0, shift=0)
    batches = list(Feed(recipe, some, seed=0, teacher=teacher).epoch(1))
    clean = {image.tobytes() for image in np.concatenate([some.images, some.images[:, :, ::-1]])}
    shown = np.concatenate([images for images, _ in batches])[..., 0].astype(np.uint8)
    hot = np.concatenate([rows for _, rows in batches])
    taught = hot[:, :10].max(axis=1) < 0.5  # a tenth of the label and nine of the teacher's
    assert 100 < sum(map(len, asked)) < 200 and taught.sum() == sum(map(len, asked))
    assert all(image.tobytes() in clean for image in shown[taught])


def test_some_of_the_clean_pictures_lose_a_rectangle(some: Samples) -> None:
    recipe = camera_recipe(camera_share=0.0, outlier_share=0.0, shift=0, erased_share=0.4)
    batches = Feed(recipe, some, seed=0).epoch(1)
    clean = {image.tobytes() for image in np.concatenate([some.images, some.images[:, :, ::-1]])}
    shown = np.concatenate([images for images, _ in batches])[..., 0].astype(np.uint8)
    whole = sum(image.tobytes() in clean for image in shown) / len(shown)
    assert 0.5 < whole < 0.7
