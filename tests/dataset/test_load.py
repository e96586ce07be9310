from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist import dataset
from edgefmnist.errors import BadData, DatasetMissing

TEST_LABELS = "t10k-labels-idx1-ubyte.gz"


def rewrap(path: Path, change) -> None:
    """Replace what is inside a gzip file, leaving the wrapper sound."""
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))


def flip_last_byte(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def cut_off_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def test_the_real_files_have_the_published_sizes_and_balance(data_folder: Path) -> None:
    test = dataset.load("test", data_folder)
    train = dataset.load("train", data_folder)

    assert (test.images.shape, test.labels.shape) == ((10_000, 28, 28), (10_000,))
    assert (train.images.shape, train.labels.shape) == ((60_000, 28, 28), (60_000,))
    assert {a.dtype for a in (test.images, test.labels, train.images)} == {np.dtype(np.uint8)}
    assert np.bincount(train.labels).tolist() == [6000] * 10
    assert np.bincount(test.labels).tolist() == [1000] * 10


def test_test_samples_need_no_training_files(copied_test_files: Path) -> None:
    (copied_test_files / "train-images-idx3-ubyte.gz").write_bytes(b"never read")

    assert len(dataset.load("test", copied_test_files).labels) == 10_000


def test_a_newly_wrapped_file_with_the_same_content_is_the_same_file(
    copied_test_files: Path,
) -> None:
    rewrap(copied_test_files / TEST_LABELS, lambda content: content)

    assert len(dataset.load("test", copied_test_files).labels) == 10_000


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_off_the_end, "is truncated"),
        (lambda path: path.write_bytes(b""), "is truncated"),
        (lambda path: path.write_bytes(b"<html>not found</html>"), "expected a gzip file"),
        (lambda path: rewrap(path, flip_last_byte), "wrong checksum: expected SHA-256 0402a96d"),
        (lambda path: rewrap(path, lambda c: c[:8]), "expected 10008 bytes, found 8"),
        (
            lambda path: rewrap(path, lambda c: c[:4] + bytes((0, 0, 0, 1)) + c[8:]),
            "wrong shape: expected (10000,), found (1,)",
        ),
        (lambda path: path.unlink(), f"lacks {TEST_LABELS}"),
    ],
)
def test_damage_in_a_named_folder_is_told_and_not_mended(
    copied_test_files: Path, damage, words: str
) -> None:
    damage(copied_test_files / TEST_LABELS)

    with pytest.raises(BadData) as caught:
        dataset.load("test", copied_test_files)

    message = str(caught.value)
    assert words in message
    assert TEST_LABELS in message
    assert "edgefmnist data --fetch" in message
    assert "\n" not in message


def test_a_named_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="is not a folder"):
        dataset.load("test", tmp_path / "nowhere")


def test_the_environment_names_a_folder_and_the_option_goes_before_it(
    empty_cache: Path, copied_test_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEFMNIST_DATA", str(copied_test_files))
    assert len(dataset.load("test").labels) == 10_000

    monkeypatch.setenv("EDGEFMNIST_DATA", str(tmp_path / "nowhere"))
    assert len(dataset.load("test", copied_test_files).labels) == 10_000
    with pytest.raises(BadData, match="nowhere"):
        dataset.load("test")


def test_the_cache_goes_before_the_systems_folder_file_by_file(
    empty_cache: Path, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "share" / "datasets" / "fashion-mnist"
    shutil.copytree(data_folder, system)
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path / 'none'}:{tmp_path / 'share'}")
    empty_cache.mkdir()
    shutil.copy(data_folder / TEST_LABELS, empty_cache)

    found = {file.name: file.path.parent for file in dataset.find()}

    assert found.pop(TEST_LABELS) == empty_cache
    assert set(found.values()) == {system}


def test_a_damaged_file_in_the_cache_makes_way_for_a_fresh_one(
    empty_cache: Path, mirror, copied_test_files: Path
) -> None:
    shutil.copytree(copied_test_files, empty_cache)
    cut_off_the_end(empty_cache / TEST_LABELS)

    assert len(dataset.load("test").labels) == 10_000
    assert mirror.requests == [f"/{TEST_LABELS}"]
    assert len(dataset.load("test").labels) == 10_000
    assert len(mirror.requests) == 1


def test_nothing_anywhere_and_no_way_to_fetch_names_both_ways(empty_cache: Path) -> None:
    for attempt in (lambda: dataset.load("test"), lambda: dataset.find(fetch=True), dataset.find):
        with pytest.raises(DatasetMissing) as caught:
            attempt()
        message = str(caught.value)
        assert "sudo apt install dataset-fashion-mnist" in message
        assert "edgefmnist data --fetch" in message
        assert "\n" not in message


def test_loading_what_is_there_imports_no_downloader(data_folder: Path) -> None:
    code = (
        "import sys; from edgefmnist import dataset; from pathlib import Path;"
        f"dataset.load('test', Path({str(data_folder)!r}));"
        "print(*sorted({'pooch', 'requests', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
