"""Which folder a class is, and what a class may be called."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgefmnist.camera.labelling.classes import folder_of, list_classes
from edgefmnist.records import LABELS
from tests.camera.labelling.conftest import keep


def folders(photos: Path, *names: str) -> None:
    for name in names:
        (photos / name).mkdir(parents=True)


def test_labels_come_first_then_none_of_them_then_ones_own(photos: Path) -> None:
    folders(photos, "t-shirt", "ankle_boot", "Ankle boots", "None", "hats", "Gürtel", ".git")
    keep(photos / "ankle_boot", 1)
    for name in ("a.JPG", "b.png", "notes.txt", ".c.jpg"):
        (photos / "Ankle boots" / name).write_text("")
    told = [(one.name, one.folder, one.pictures, one.own) for one in list_classes(photos, LABELS)]
    assert told[0] == ("T-shirt/top", "t-shirt", 0, False)
    assert told[3] == ("Dress", "Dress", 0, False)
    assert told[9] == ("Ankle boot", "ankle_boot", 3, False)
    assert told[10] == ("unknown", "None", 0, False)
    assert told[11:] == [("Gürtel", "Gürtel", 0, True), ("hats", "hats", 0, True)]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        *(("T-shirt/top", "T-shirt_top"), ("Coat", "Coat"), ("COATS", "Coat"), ("none", "unknown")),
        *(("Hat", "Hat"), (" Hat\t", "Hat"), ("Müller's 👟", "Müller's 👟"), ("👗", "👗")),
        *(("Gu\u0308rtel", "Gürtel"), ("<b>x</b>"[:3], "<b>"), ("a&b; rm -rf", "a&b; rm -rf")),
    ],
)
def test_what_a_class_may_be_called(photos: Path, name: str, folder: str) -> None:
    photos.mkdir()
    made = folder_of(photos, name, LABELS)
    assert made == photos / folder and made.is_dir()
    assert folder_of(photos, name.upper(), LABELS) == made  # not another one


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".", "..", "../x", "a/b", "/etc", "a\\b", ".hidden", "a\nb", "a\0b", "x" * 41),
        *("\x1b[31mred", "a\u202eb", "a\u200bb", "!?", "\ud800", "..\\x"),
    ],
)
def test_what_it_may_not(photos: Path, name: str) -> None:
    photos.mkdir()
    with pytest.raises(ValueError) as refused:
        folder_of(photos, name, LABELS)
    assert str(refused.value).isprintable()
    assert list(photos.iterdir()) == []


def test_there_are_at_most_forty(photos: Path) -> None:
    photos.mkdir()
    for number in range(30):
        folder_of(photos, f"Hat {number} of mine", LABELS)
    with pytest.raises(ValueError, match="40 classes"):
        folder_of(photos, "One more", LABELS)
    assert folder_of(photos, "Coat", LABELS) and folder_of(photos, "hat 3 OF mine", LABELS)
