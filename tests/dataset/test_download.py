from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest

from edgefmnist import dataset
from edgefmnist.dataset import download
from edgefmnist.dataset.catalogue import ALL_FILES, FILES, FileSpec
from edgefmnist.errors import CannotWrite, DatasetMissing

IMAGES, LABELS = FILES["test"]


def cut_half_way(path: str, content: bytes) -> tuple[int, bytes]:
    return len(content), content[: len(content) // 2]


def declare_half(path: str, content: bytes) -> tuple[int, bytes]:
    """A truncated gzip file that arrives whole as far as HTTP can tell."""
    return len(content) // 2, content[: len(content) // 2]


def wrong_byte(path: str, content: bytes) -> tuple[int, bytes]:
    at = len(content) // 2
    return len(content), content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def wrong_byte_inside(path: str, content: bytes) -> tuple[int, bytes]:
    """A sound gzip file whose content has one wrong byte: only the checksum can tell."""
    inner = bytearray(gzip.decompress(content))
    inner[-1] ^= 1
    outer = gzip.compress(bytes(inner), 1)
    return len(outer), outer


def wrong_shape(path: str, content: bytes) -> tuple[int, bytes]:
    inner = gzip.decompress(content)
    outer = gzip.compress(inner[:4] + bytes((0, 0, 0, 9)) + inner[8:17])
    return len(outer), outer


def web_page(path: str, content: bytes) -> tuple[int, bytes]:
    page = b"<html>Please log in to this network</html>"
    return len(page), page


def test_all_four_files_come_into_the_cache_and_stay(empty_cache: Path, mirror) -> None:
    files = dataset.find(fetch=True)

    assert [file.path for file in files] == [empty_cache / spec.name for spec in ALL_FILES]
    assert sorted(empty_cache.iterdir()) == sorted(file.path for file in files)
    assert len(mirror.requests) == 4
    dataset.load("train")
    assert len(mirror.requests) == 4


@pytest.mark.parametrize(
    ("answer", "spec", "reason"),
    [
        (cut_half_way, IMAGES, "the connection was cut"),
        (cut_half_way, LABELS, "the connection was cut"),
        (declare_half, IMAGES, "the content is wrong"),
        (wrong_byte, IMAGES, "the content is wrong"),
        (wrong_byte_inside, LABELS, "the content is wrong"),
        (wrong_shape, LABELS, "the content is wrong"),
        (web_page, LABELS, "the content is wrong"),
    ],
)
def test_a_server_that_serves_badly_leaves_nothing_behind(
    empty_cache: Path, mirror, answer, spec: FileSpec, reason: str
) -> None:
    mirror.answer = answer

    with pytest.raises(DatasetMissing, match=reason):
        download.fetch(spec, empty_cache)

    assert list(empty_cache.rglob("*")) == []
    assert len(mirror.requests) == 3  # it was given another chance, and not for ever


def test_a_server_that_sends_without_end_is_left(empty_cache: Path, mirror) -> None:
    mirror.answer = lambda path, content: (1 << 40, bytes(8_000_000))
    largest: list[int] = []
    with pytest.raises(DatasetMissing):
        download.fetch(ALL_FILES[3], empty_cache, lambda _, done, total: largest.append(done))
    assert max(largest) < 2_000_000
    assert list(empty_cache.iterdir()) == []


def test_a_cut_connection_is_tried_again(empty_cache: Path, mirror) -> None:
    answers = [cut_half_way, wrong_byte, lambda path, content: (len(content), content)]
    mirror.answer = lambda path, content: answers.pop(0)(path, content)

    assert download.fetch(LABELS, empty_cache) == empty_cache / LABELS.name
    assert [file.name for file in empty_cache.rglob("*")] == [LABELS.name]


def test_an_address_that_says_no_is_asked_once(
    empty_cache: Path, mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEFMNIST_DATA_MIRROR", f"{mirror.url}/nothing/here/")

    with pytest.raises(DatasetMissing, match="HTTP 404"):
        download.fetch(LABELS, empty_cache)

    assert mirror.requests == [f"/nothing/here/{LABELS.name}"]


@pytest.mark.parametrize("address", ["not an address", "ftp://127.0.0.1/x", "http://[::1"])
def test_a_mirror_that_is_no_address_is_passed_over(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("EDGEFMNIST_DATA_MIRROR", address)

    with pytest.raises(DatasetMissing, match="no answer"):
        download.fetch(LABELS, empty_cache)


def test_progress_only_grows_and_ends_at_the_whole_file(
    empty_cache: Path, data_folder: Path, mirror
) -> None:
    calls: dict[str, list[tuple[int, int]]] = {}

    dataset.find(
        fetch=True,
        on_progress=lambda name, done, total: calls.setdefault(name, []).append((done, total)),
    )

    assert set(calls) == {spec.name for spec in ALL_FILES}
    for name, seen in calls.items():
        done = [value for value, _ in seen]
        assert {total for _, total in seen} == {(data_folder / name).stat().st_size}
        assert done == sorted(done)
        assert done[-1] == seen[-1][1]
    assert len(calls["train-images-idx3-ubyte.gz"]) > 100


def test_what_a_killed_fetch_left_is_swept_away_but_not_what_another_is_at(
    empty_cache: Path, mirror
) -> None:
    abandoned, at_work = empty_cache / ".fetch-abandoned", empty_cache / ".fetch-at-work"
    for folder in (abandoned, at_work):
        folder.mkdir(parents=True)
        (folder / "part").write_bytes(b"half a file")
    yesterday = time.time() - 24 * 3600
    os.utime(abandoned, (yesterday, yesterday))

    download.fetch(LABELS, empty_cache)

    assert sorted(p.name for p in empty_cache.iterdir()) == [at_work.name, LABELS.name]


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, empty_cache: Path, mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EDGEFMNIST_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(CannotWrite, match="EDGEFMNIST_CACHE"):
        dataset.load("test")
