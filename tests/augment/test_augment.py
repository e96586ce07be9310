"""Made-up camera pictures look like the preprocessing's and keep what must not change."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from edgefmnist.augment import camera_like, erased, outlier
from edgefmnist.augment.canvas import CANVAS, Cloth, Warp, fitted, lay, lift
from edgefmnist.augment.wear import worn
from edgefmnist.dataset import Samples, load
from edgefmnist.records import LABELS

EACH = 12


@pytest.fixture(scope="module")
def some() -> Samples:
    test = load("test")
    at = np.concatenate([np.flatnonzero(test.labels == k)[:EACH] for k in range(len(LABELS))])
    return Samples(images=test.images[at], labels=test.labels[at])


def changed(some: Samples, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pairs = zip(some.images, some.labels, strict=True)
    return np.stack([camera_like(picture, int(label), rng) for picture, label in pairs])


def outliers(some: Samples, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([outlier(some, rng) for _ in range(100)])


@pytest.mark.parametrize("make", [changed, outliers])
def test_they_fill_the_frame_on_a_black_ground(some: Samples, make) -> None:
    before = some.images.copy()
    pictures = make(some)
    np.testing.assert_array_equal(some.images, before)
    assert pictures.dtype == np.uint8 and pictures.shape[1:] == (28, 28)
    lit = pictures > 0
    sides = np.maximum(lit.any(axis=1).sum(axis=1), lit.any(axis=2).sum(axis=1))
    assert (sides >= 20).mean() > 0.95  # a bite or a hole may take the last rows
    ground = 1 - lit.mean(axis=(1, 2))
    assert 0.15 < ground.mean() < 0.7


@pytest.mark.parametrize("make", [changed, outliers])
def test_the_same_generator_gives_the_same_pictures(some: Samples, make) -> None:
    np.testing.assert_array_equal(make(some, 3), make(some, 3))
    assert not np.array_equal(make(some, 3), make(some, 4))


def test_every_picture_is_changed_and_no_two_alike(some: Samples) -> None:
    first, second = changed(some, 1), changed(some, 2)
    differences = [np.abs(a.astype(int) - b).mean() for a, b in zip(first, second, strict=True)]
    assert min(differences) > 1
    assert all(not np.array_equal(a, b) for a, b in pairwise(outliers(some)))


def test_trousers_and_shirts_take_the_widths_that_cameras_see(some: Samples) -> None:
    """Wider than the data set's: children's trousers, sleeves spread on a bed."""

    def widths(pictures: np.ndarray) -> np.ndarray:
        lit = pictures > 12
        return lit.any(axis=1).sum(axis=1) / np.maximum(lit.any(axis=2).sum(axis=1), 1)

    after = changed(some)
    for name, least in (("Trouser", 0.55), ("Pullover", 0.85), ("Dress", 0.6)):
        chosen = some.labels == LABELS.index(name)
        assert np.median(widths(some.images[chosen])) < least < np.median(widths(after[chosen]))


def test_a_picture_of_nothing_stays() -> None:
    blank = np.zeros((28, 28), np.uint8)
    np.testing.assert_array_equal(camera_like(blank, 0, np.random.default_rng(0)), blank)


def square() -> Cloth:
    picture = np.zeros((28, 28), np.uint8)
    picture[8:20, 8:20] = 200
    return lift(picture)


def test_lifted_cloth_knows_no_ground() -> None:
    cloth = square()
    assert cloth.box == (8, 8, 12, 12)
    assert cloth.tones.min() > 150  # beyond the outline too, where a warp will look for it


@pytest.mark.parametrize(
    ("warp", "width", "height"),
    [
        (Warp(), 1.0, 1.0),
        (Warp(scale=(1.5, 1.0)), 1.5, 1.0),
        (Warp(scale=(1.0, 0.5)), 1.0, 0.5),
        (Warp(rotation=90, scale=(1.5, 1.0)), 1.0, 1.5),
        (Warp(rotation=45), 2**0.5, 2**0.5),
    ],
)
def test_a_warp_does_what_it_says(warp: Warp, width: float, height: float) -> None:
    rng = np.random.default_rng(0)
    _, mask = lay(square(), warp, rng)
    rows, columns = np.nonzero(mask)
    plain = 12 * 40 / 28
    assert np.ptp(columns) + 1 == pytest.approx(width * plain, abs=1.6)
    assert np.ptp(rows) + 1 == pytest.approx(height * plain, abs=1.6)


def test_a_shift_moves_right_and_down() -> None:
    _, mask = lay(square(), Warp(shift=(0.4, 0.2)), np.random.default_rng(0))
    rows, columns = np.nonzero(mask)
    assert columns.mean() == pytest.approx(31.5 + 0.4 * 20, abs=1)
    assert rows.mean() == pytest.approx(31.5 + 0.2 * 20, abs=1)


def test_spread_arms_widen_a_shirt_and_leave_its_body(some: Samples) -> None:
    cloth = lift(some.images[int(np.flatnonzero(some.labels == LABELS.index("Pullover"))[0])])
    rng = np.random.default_rng(0)
    hanging, spread = (lay(cloth, Warp(arms=a, shoulder=0.55), rng)[1] for a in (0, 50))
    assert np.ptp(np.nonzero(spread)[1]) > 1.2 * np.ptp(np.nonzero(hanging)[1])
    body = np.s_[:, 24:40]
    np.testing.assert_array_equal(spread[body], hanging[body])


def test_fitting_centres_and_marks_what_is_foreign() -> None:
    tones, mask = lay(square(), Warp(scale=(1.5, 0.75)), np.random.default_rng(0))
    foreign = np.zeros(mask.shape, np.bool_)
    foreign[:, 32:] = mask[:, 32:] > 0
    small = fitted(tones, mask, foreign)
    assert small is not None
    rows, columns = np.nonzero(small.kept)
    assert (columns.min(), columns.max()) == (0, 27)
    assert abs((rows.min() + rows.max()) / 2 - 13.5) <= 0.5
    assert small.foreign[:, 15:][small.kept[:, 15:]].all() and not small.foreign[:, :13].any()


def test_what_is_joined_on_is_told_apart_from_the_garment() -> None:
    _, mask = lay(square(), Warp(scale=(2.0, 2.0)), np.random.default_rng(0))
    grown = 0
    for seed in range(60):
        after, foreign = worn(mask.copy(), np.random.default_rng(seed))
        assert set(np.unique(after)) <= {0, 1} and after.any()
        assert (after[foreign] == 1).all()
        grown += bool(foreign.any())
    assert 6 < grown < 40


def test_a_mask_without_outline_stays_whole() -> None:
    for mask in (np.ones((CANVAS, CANVAS), np.uint8), np.zeros((CANVAS, CANVAS), np.uint8)):
        for seed in range(40):
            after, foreign = worn(mask.copy(), np.random.default_rng(seed))
            assert after.mean() == pytest.approx(mask.mean(), abs=0.2)
            assert not foreign[after == 0].any()


def test_erasing_takes_one_rectangle_of_up_to_a_third() -> None:
    rng = np.random.default_rng(0)
    picture = np.zeros((28, 28), np.uint8)
    shares = []
    for _ in range(300):
        gone = erased(picture, rng) > 0  # one pixel in 256 is drawn black
        rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
        box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert gone.sum() > 0.9 * box
        shares.append(box / picture.size)
    assert not picture.any()
    assert 0.01 < min(shares) < 0.05 and 0.25 < max(shares) < 0.36
