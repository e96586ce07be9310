"""Real photos beside the data set: their files, how often each is shown, their targets."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgefmnist.dataset import Samples, load
from edgefmnist.dataset.photos import Photos, load_photos
from edgefmnist.errors import BadData
from edgefmnist.training import shares
from edgefmnist.training.batches import Feed, photo_targets
from edgefmnist.training.recipes import Augmentation, Recipe, get

SHIPPED = Path(__file__).parents[2] / "photos"
NONE = 10


def write(path: Path, **changes: npt.NDArray[Any]) -> Path:
    """Three photos in four pictures: a trouser, a shoe of an unknown kind, something else."""
    pictures = np.zeros((4, 28, 28), np.uint8)
    pictures[:, 4:24, 8:20] = np.arange(60, 220, 40, dtype=np.uint8)[:, None, None]
    arrays: dict[str, Any] = {
        "pictures": pictures,
        "photo": np.array([0, 0, 1, 2], np.int32),
        "classes": np.array([1 << 1, 1 << 5 | 1 << 7 | 1 << 9, 1 << NONE], np.uint16),
        "kind": np.array(["Pants", "Shoes", "Hat"]),
        "fold": np.array([0, 1, 2], np.uint8),
    }
    np.savez_compressed(path, **(arrays | changes))
    return path


def edge(**changes: Any) -> Recipe:
    return dataclasses.replace(
        get("edge"), batch_size=64, augmentation=dataclasses.replace(Augmentation(), **changes)
    )


def test_files_are_put_together(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.npz"), write(tmp_path / "b.npz")
    both = load_photos((first, second))
    assert both.photo.tolist() == [0, 0, 1, 2, 3, 3, 4, 5]
    assert both.kind.tolist() == ["Pants", "Shoes", "Hat"] * 2
    assert np.flatnonzero(both.classes[1]).tolist() == [5, 7, 9]
    assert sorted(both.sha256) == ["a.npz", "b.npz"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pictures": np.zeros((4, 28, 28), np.float32)}, "uint8"),
        ({"photo": np.array([0, 0, 1, 3])}, "not there"),
        ({"classes": np.array([0, 1, 2], np.uint16)}, "sets of the 10"),
        ({"classes": np.array([1 << 11, 1, 2], np.uint16)}, "sets of the 10"),
        ({"fold": np.zeros(2, np.uint8)}, "same photos"),
        ({"kind": np.array([None] * 3)}, "object"),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, changes: dict[str, npt.NDArray[Any]], said: str
) -> None:
    path = write(tmp_path / "bad.npz", **changes)
    with pytest.raises(BadData, match=said):
        load_photos([path])


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="cannot be read"):
        load_photos([tmp_path / "none.npz"])


def test_every_class_and_kind_has_its_share(tmp_path: Path) -> None:
    photos = load_photos([write(tmp_path / "a.npz")])
    rows = shares.draw(photos, 4_000, np.random.default_rng(0))
    shown = np.bincount(photos.photo[rows], minlength=3) / len(rows)
    inside = (1 - shares.OUTSIDE) / 2
    np.testing.assert_allclose(shown, [inside, inside, shares.OUTSIDE], atol=0.03)
    assert set(rows.tolist()) == {0, 1, 2, 3}  # both pictures of the first photo too


def test_targets_of_photos() -> None:
    classes = np.zeros((3, 11), np.bool_)
    classes[0, 1] = classes[1, [5, 7, 9]] = classes[2, NONE] = True
    rows = photo_targets(edge(outlier_weight=0.5), classes)
    assert rows[0, 1] == pytest.approx(0.91) and rows[0].sum() == pytest.approx(1)
    assert rows[1].tolist() == [0, 0, 0, 0, 0, -1, 0, -1, 0, -1, 0]
    assert rows[2].tolist() == [0] * 10 + [0.5]


def test_photos_come_on_top_of_an_epoch(tmp_path: Path) -> None:
    test = load("test")
    some = Samples(images=test.images[:200], labels=test.labels[:200])
    recipe = edge(outlier_share=0.1, photo_share=0.25)
    feed = Feed(recipe, some, seed=0, photos=load_photos([write(tmp_path / "a.npz")]))
    batches = list(feed.epoch(1))
    assert sum(len(images) for images, _ in batches) == 200 + 20 + 50
    assert any((targets < 0).any() for _, targets in batches)
    again = next(Feed(recipe, some, seed=0, photos=load_photos([tmp_path / "a.npz"])).epoch(1))
    np.testing.assert_array_equal(again[0], batches[0][0])


def test_a_class_that_the_data_set_does_not_have(tmp_path: Path) -> None:
    photos = load_photos((write(tmp_path / "a.npz"),))
    own = np.insert(photos.classes, NONE, [False, False, True], axis=1)
    own[2, -1] = False
    photos, samples = dataclasses.replace(photos, classes=own), load("train")
    few = Samples(images=samples.images[:128], labels=samples.labels[:128])
    recipe = edge(photo_share=0.5, outlier_share=0.25, views=1)
    rows = np.concatenate([wanted for _, wanted in Feed(recipe, few, 0, photos=photos).epoch(1)])
    assert rows.shape == (128 + 32 + 64, 12)
    assert (rows[:, 11] == recipe.augmentation.outlier_weight).sum() == 32
    assert rows[:, NONE].max() > 0.8


def test_the_shipped_pictures_are_whole() -> None:
    photos: Photos = load_photos([SHIPPED / "clothes.npz", SHIPPED / "things.npz"])
    assert photos.pictures.shape == (7_059 + 2_343, 28, 28)
    assert len(photos.kind) == 3_563 + 1_198
    assert (photos.classes.sum(axis=1) == 3).sum() == (photos.kind == "Shoes").sum() - 114
    assert set(photos.fold.tolist()) == {0, 1, 2, 3, 4}
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.npz")) < 3_000_000
