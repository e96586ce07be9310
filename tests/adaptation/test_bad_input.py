"""What cannot be learned from: one line, the right code, nothing written."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgefmnist.adaptation import pictures
from edgefmnist.adaptation.adapter import adapt
from edgefmnist.adaptation.records import AdaptConfig
from edgefmnist.camera.pictures.notes import unheard
from edgefmnist.errors import BadInput, BadModel, UsageError
from edgefmnist.records import LABELS
from edgefmnist.runtime.models import find
from tests.conftest import BUNDLE, RunCli, assert_one_line, needs_litert
from tests.wardrobe import fill

pytestmark = needs_litert


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two sound classes of five pictures."""
    for name in ("Coat", "My box"):
        fill(tmp_path / "photos", name, "Coat" if name == "Coat" else "Bag", slice(0, 5))
    return tmp_path / "photos"


class Silent:
    """An observer who says nothing."""

    def stage(self, name: str, total: int | None = None) -> None:
        """See above."""

    def progress(self, done: int, total: int) -> None:
        """See above."""


def learn(photos: Path, tmp_path: Path, model: Path | None = None, most_pp: float = 1.0) -> None:
    """Adapt a model to `photos`, into a folder called out."""
    base = find(None if model is None else str(model))
    config = AdaptConfig(photos=photos, model=base, out=tmp_path / "out", max_forget_pp=most_pp)
    adapt(config, Silent(), unheard)


def _empty(folder: Path) -> None:
    (folder / "Hat").mkdir()


def _one_class(folder: Path) -> None:
    shutil.rmtree(folder / "Coat")


def _no_pictures(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"\x89PNG\r\n\x1a\n torn")


def _too_few(folder: Path) -> None:
    for path in sorted((folder / "Coat").iterdir())[2:]:
        path.unlink()


def _one_burst(folder: Path) -> None:
    for at, path in enumerate(sorted((folder / "Coat").iterdir())):
        path.rename(path.with_name(f"IMG_20260131_12000{at}.png"))


def _long_name(folder: Path) -> None:
    (folder / "Coat").rename(folder / ("C" * 41))


def _no_name(folder: Path) -> None:
    (folder / "Coat").rename(folder / "-..-")


def _control_characters(folder: Path) -> None:
    (folder / "Coat").rename(folder / "Co\x1b[31mat")


def _nested(folder: Path) -> None:
    (folder / "Coat").rename(folder / "parka")
    (folder / "Coat").mkdir()
    (folder / "parka").rename(folder / "Coat" / "parka")


def _no_folders(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_empty, ("no pictures in", "Hat")),
        (_one_class, ("My box only",)),
        (_no_pictures, ("a garment was found in none of the 10",)),
        (_too_few, ("too few", "Coat 2")),
        (_one_burst, ("belong together", "Coat")),
        (_long_name, ("over 40 characters", "rename")),
        (_no_name, ("no letter", "rename")),
        (_control_characters, ("\\x1b", "rename")),
        (_nested, ("folders of its own", "--group folder")),
        (_no_folders, ("has no folders",)),
        (shutil.rmtree, ("cannot list",)),
    ],
)
def test_folders_that_teach_nothing(
    photos: Path, tmp_path: Path, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    spoil(photos)
    with pytest.raises(BadInput) as refused:
        learn(photos, tmp_path)
    assert all(word in str(refused.value) for word in words), refused.value
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_group_folder_wants_folders(photos: Path) -> None:
    with pytest.raises(BadInput, match="has folders in it for --group folder"):
        pictures.find(photos, LABELS, "folder", unheard)


def test_group_folder_takes_the_pictures_beside_the_folders_too(photos: Path) -> None:
    before = {file.path.name for file in pictures.find(photos, LABELS, "time", unheard)}
    classes = sorted(one for one in photos.iterdir() if one.is_dir())
    inner = classes[0] / "monday"
    inner.mkdir()
    for one in sorted(classes[0].iterdir())[:2]:
        if one.is_file():
            one.rename(inner / one.name)
    found = pictures.find(photos, LABELS, "folder", unheard)
    assert {file.path.name for file in found} == before
    assert {file.path.parent for file in found} == {inner, *classes}


def test_a_refusal_is_one_line(run_cli: RunCli, photos: Path, tmp_path: Path) -> None:
    _one_class(photos)
    done = run_cli("adapt", photos, "--out", tmp_path / "out")
    assert_one_line(done, 5, "My box only", "unknown")
    assert done.stdout == "" and not (tmp_path / "out").exists()


def test_too_many_pictures(photos: Path, tmp_path: Path) -> None:
    some = next((photos / "Coat").iterdir())
    for at in range(pictures.MOST_PICTURES):
        (photos / "Coat" / f"{at}.png").hardlink_to(some)
    with pytest.raises(BadInput, match=r"has 5,010 pictures and 5,000 can be used"):
        learn(photos, tmp_path)


def test_a_bundle_without_its_memory(photos: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(BUNDLE, tmp_path / "model"))
    (model / "memory.npz").unlink()
    with pytest.raises(BadModel, match=r"has no memory\.npz.*edgefmnist quantize"):
        learn(photos, tmp_path, model)


def test_a_memory_that_is_damaged_or_another_models(photos: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(BUNDLE, tmp_path / "model"))
    shutil.copy(BUNDLE.parent / "tiny" / "memory.npz", model)
    with pytest.raises(BadModel, match="another model"):
        learn(photos, tmp_path, model)
    (model / "memory.npz").write_bytes((BUNDLE / "memory.npz").read_bytes()[:5_000])
    with pytest.raises(BadModel, match=r"memory\.npz is damaged"):
        learn(photos, tmp_path, model)


def test_a_class_that_was_learned_before_is_not_lost_silently(photos: Path, tmp_path: Path) -> None:
    model = find(None)
    assert model.card is not None
    labels = (*model.labels, "My hat")
    card = dataclasses.replace(model.card, adapted_from={"name": "edge", "sha256": ""})
    learned = dataclasses.replace(model, name="mine", card=card, labels=labels)
    config = AdaptConfig(photos=photos, model=learned, out=tmp_path / "out")
    with pytest.raises(BadInput, match=r"mine also knows My hat, and .*photos has no such folder"):
        adapt(config, Silent(), unheard)
    assert not (tmp_path / "out").exists()


def test_an_output_among_the_classes(photos: Path, tmp_path: Path) -> None:
    config = AdaptConfig(photos=photos, model=find(None), out=photos / "new")
    with pytest.raises(UsageError, match="whose folders are classes"):
        adapt(config, Silent(), unheard)


def test_a_picture_under_two_labels_is_named(photos: Path, tmp_path: Path) -> None:
    shutil.copy(sorted((photos / "Coat").iterdir())[0], photos / "My box" / "same.png")
    notes: list[str] = []
    config = AdaptConfig(photos=photos, model=find(None), out=tmp_path / "out", max_forget_pp=60)
    adapt(config, Silent(), lambda text, bad=False: notes.append(text))
    (note,) = notes
    assert "look the same, and one is Coat, the other My box" in note and "same.png" in note


def test_a_bare_model_remembers_nothing(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no bundle"):
        learn(photos, tmp_path, BUNDLE / "model.tflite")


@pytest.mark.parametrize("most_pp", [float("nan"), -1.0, 101.0])
def test_a_bound_that_is_none(photos: Path, tmp_path: Path, most_pp: float) -> None:
    with pytest.raises(UsageError, match="--max-forget"):
        learn(photos, tmp_path, most_pp=most_pp)


def test_an_output_that_is_something_else(run_cli: RunCli, photos: Path) -> None:
    assert_one_line(run_cli("adapt", photos, "--out", photos), 2, "something else than a bundle")
