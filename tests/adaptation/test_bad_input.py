"""What cannot be learned from: one line, the right code, nothing written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgefmnist.adaptation import pictures
from tests.adaptation.conftest import Fill
from tests.conftest import BUNDLE, RunCli, assert_one_line, needs_litert

pytestmark = needs_litert


@pytest.fixture
def photos(tmp_path: Path, fill: Fill) -> Path:
    """Two sound classes of five pictures."""
    for name in ("Coat", "My box"):
        fill(tmp_path / "photos", name, "Coat" if name == "Coat" else "Bag", slice(0, 5))
    return tmp_path / "photos"


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
        (_no_folders, ("has no folders",)),
        (shutil.rmtree, ("cannot list",)),
    ],
)
def test_folders_that_teach_nothing(
    run_cli: RunCli,
    photos: Path,
    tmp_path: Path,
    spoil: Callable[[Path], None],
    words: tuple[str, ...],
) -> None:
    spoil(photos)
    done = run_cli("adapt", photos, "--out", tmp_path / "out")
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 5, done.stderr
    assert last.startswith("edgefmnist: ") and "Traceback" not in done.stderr
    assert all(word in last for word in words), last
    assert not (tmp_path / "out").exists() and done.stdout == ""


def test_too_many_pictures(
    run_cli: RunCli, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = next((photos / "Coat").iterdir())
    for at in range(pictures.MOST_PICTURES):
        (photos / "Coat" / f"{at}.png").hardlink_to(some)
    done = run_cli("adapt", photos, "--out", tmp_path / "out")
    assert_one_line(done, 5, "5,010 pictures", "5,000")


def test_a_bundle_without_its_memory(run_cli: RunCli, photos: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(BUNDLE, tmp_path / "model"))
    (model / "memory.npz").unlink()
    done = run_cli("adapt", photos, "--model", model, "--out", tmp_path / "out")
    assert_one_line(done, 5, "memory.npz", "quantize")


def test_a_memory_that_is_damaged_or_another_models(
    run_cli: RunCli, photos: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(BUNDLE, tmp_path / "model"))
    shutil.copy(BUNDLE.parent / "tiny" / "memory.npz", model)
    done = run_cli("adapt", photos, "--model", model, "--out", tmp_path / "out")
    assert_one_line(done, 5, "another model")
    (model / "memory.npz").write_bytes((BUNDLE / "memory.npz").read_bytes()[:5_000])
    done = run_cli("adapt", photos, "--model", model, "--out", tmp_path / "out")
    assert_one_line(done, 5, "memory.npz is damaged")


def test_a_bare_model_remembers_nothing(run_cli: RunCli, photos: Path, tmp_path: Path) -> None:
    done = run_cli("adapt", photos, "--model", BUNDLE / "model.tflite", "--out", tmp_path / "out")
    assert_one_line(done, 5, "no bundle")


def test_an_output_that_is_something_else(run_cli: RunCli, photos: Path) -> None:
    assert_one_line(run_cli("adapt", photos, "--out", photos), 2, "something else than a bundle")
    done = run_cli("adapt", photos, "--max-forget", "nan")
    assert_one_line(done, 2, "--max-forget")
