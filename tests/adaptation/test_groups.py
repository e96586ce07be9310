"""Which pictures belong together, and how they are parted for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgefmnist.adaptation.crossvalidation import FOLDS, parts
from edgefmnist.adaptation.groups import grouped
from edgefmnist.adaptation.pictures import File, Garments, taken_s
from edgefmnist.adaptation.records import Grouping


def garments(
    *pictures: tuple[str, str, int | None], same: tuple[int, int] | None = None
) -> Garments:
    """Pictures of noise by path, label and time; two of them may be nearly the same."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (len(pictures), 28, 28), np.uint8)
    if same is not None:
        images[same[1]] = images[same[0]] + rng.integers(0, 9, (28, 28), np.uint8)
    return Garments(
        images=images,
        files=tuple(File(path=Path(path), label=label) for path, label, _ in pictures),
        taken_s=tuple(taken for *_, taken in pictures),
        empty=0,
        unreadable=0,
    )


def test_a_minute_is_a_group_within_a_class() -> None:
    told = grouped(
        garments(
            *(("a", "Coat", 0), ("b", "Coat", 59), ("c", "Coat", 100), ("d", "Coat", None)),
            *(("e", "Coat", None), ("f", "Bag", 30)),
        ),
        "time",
    )
    found = told.groups
    assert found[0] == found[1] and len(set(found[1:].tolist())) == 5
    assert told.repeated == 0 and told.clashes == ()


@pytest.mark.parametrize(
    ("grouping", "expected"), [("folder", [0, 0, 1, 1]), ("prefix", [0, 1, 2, 2])]
)
def test_folders_and_prefixes(grouping: Grouping, expected: list[int]) -> None:
    pictures = garments(
        *(("Coat/parka/a.jpg", "Coat", 0), ("Coat/parka/b 7.jpg", "Coat", 0)),
        *(("Coat/duffle/blue-12.jpg", "Coat", 0), ("Coat/duffle/blue (3).jpg", "Coat", 0)),
    )
    assert grouped(pictures, grouping).groups.tolist() == expected


def test_what_looks_the_same_is_one_group_whatever_its_time() -> None:
    pictures = garments(("a", "Coat", 0), ("b", "Coat", 9_000), ("c", "Bag", 18_000), same=(0, 2))
    told = grouped(pictures, "time")
    assert told.groups[0] == told.groups[2] != told.groups[1]
    assert told.repeated == 1
    assert [(one.label, other.label) for one, other in told.clashes] == [("Coat", "Bag")]


@pytest.mark.parametrize(
    ("name", "exif", "told", "expected"),
    [
        ("IMG_20260131_120000", "", "", 1769860800),
        ("2026-01-31 12.00.00", "", "", 1769860800),
        ("PXL_20260131_120000123", "", "", 1769860800),
        ("a", "2026:01:31 12:00:00", "", 1769860800),
        ("IMG_20200131_120000", "2026:01:31 12:00:00", "", 1769860800),
        ("a", "2020:01:31 12:00:00", '{"time": "2026-01-31T12:00:00.123Z"}', 1769860800),
        ("a", "", '{"time": 5}', None),
        ("a", "0000:00:00 00:00:00", "[]", None),
        ("20261331_120000", "", "{", None),
        ("a1234567890123456789", "", "", None),
    ],
)
def test_when_a_picture_was_taken(
    tmp_path: Path, name: str, exif: str, told: str, expected: int | None
) -> None:
    if told:
        (tmp_path / f"{name}.json").write_text(told)
    assert taken_s(tmp_path / f"{name}.jpg", exif) == expected


def test_parts_are_whole_groups_and_even() -> None:
    rng = np.random.default_rng(1)
    classes = np.repeat(np.arange(-1, 3), 50)
    groups = rng.integers(0, 20, len(classes)) + 100 * classes
    _, groups = np.unique(groups, return_inverse=True)
    found = parts(classes, groups)
    for group in np.unique(groups):
        assert len(set(found[groups == group].tolist())) == 1
    for label in np.unique(classes):
        counts = np.bincount(found[classes == label], minlength=FOLDS)
        assert counts.min() >= 5 and counts.max() <= 15
