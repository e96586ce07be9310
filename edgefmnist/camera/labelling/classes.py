"""The classes of the user's pictures: a folder for each, below one folder."""

from __future__ import annotations

import dataclasses
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from edgefmnist.camera.pictures.folder import SUFFIXES
from edgefmnist.camera.pictures.saved_names import is_saved_frame
from edgefmnist.class_names import MOST, check_label, class_of, folder_name, is_none_of_them, plain
from edgefmnist.records import UNKNOWN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PhotoClass:
    """One class.

    name: a label of the model, `UNKNOWN` for none of them, or the name of a folder. folder: its
    name; it need not exist. pictures: how many are in it. own: whether it is no label of the model.
    """

    name: str
    folder: str
    pictures: int
    own: bool


def list_classes(photos: Path, labels: Sequence[str]) -> list[PhotoClass]:
    """The classes of `labels` in their order, then `UNKNOWN`, then the user's own by name.

    Raises: OSError.
    """
    found = _folders(photos)
    counts = {folder: _count(photos / folder) for folder in found}
    known = [*(_of_label(found, labels, index) for index in range(len(labels))), _of_none(found)]
    classes = [
        PhotoClass(name=name, folder=folder, pictures=sum(counts[one] for one in same), own=False)
        for name, folder, same in known
    ]
    taken = {folder for _, _, same in known for folder in same}
    own = [folder for folder in found if folder not in taken]
    classes += [
        PhotoClass(name=folder, folder=folder, pictures=counts[folder], own=True) for folder in own
    ]
    return classes


def folder_of(photos: Path, name: str, labels: Sequence[str]) -> Path:
    """The folder of the class that a person calls `name`, which is made if it is not there.

    What differs from a label or from a folder by case, spaces and punctuation alone means that.
    Raises: ValueError, whose words are fit to be shown, where a new class cannot be called so;
    OSError.
    """
    found = _folders(photos)
    index = class_of(name, labels)
    if is_none_of_them(name):
        folder = _of_none(found)[1]
    elif index is not None:
        folder = _of_label(found, labels, index)[1]
    else:
        folder = _own(found, name, labels)
    if folder not in found:
        (photos / folder).mkdir()
    return photos / folder


def _own(found: Sequence[str], name: str, labels: Sequence[str]) -> str:
    name = unicodedata.normalize("NFC", name.strip())
    if "/" in name or "\\" in name or name.startswith("."):
        raise ValueError("the name of a class has no slash in it and no dot before it")
    check_label(name)
    same = [folder for folder in found if plain(folder) == plain(name)]
    own = [one for one in found if class_of(one, labels) is None and not is_none_of_them(one)]
    if not same and len(own) + len(labels) >= MOST:
        raise ValueError(f"there are {MOST} classes already, the most that a model has")
    return same[0] if same else name


def _of_label(
    found: Sequence[str], labels: Sequence[str], index: int
) -> tuple[str, str, list[str]]:
    """Name of a label, its folder, and all folders that stand for it."""
    label = labels[index]
    same = [folder for folder in found if class_of(folder, labels) == index]
    exact = [folder for folder in same if plain(folder) == plain(label)]
    return label, (exact or same or [folder_name(label)])[0], same


def _of_none(found: Sequence[str]) -> tuple[str, str, list[str]]:
    same = [folder for folder in found if is_none_of_them(folder)]
    return UNKNOWN, (same or [UNKNOWN])[0], same


def _folders(photos: Path) -> list[str]:
    try:
        found = os.scandir(photos)
    except FileNotFoundError:  # somebody took it away: it is made again for the next label
        return []
    with found as entries:
        names = [one.name for one in entries if not one.name.startswith(".") and one.is_dir()]
    # What cannot be shown is not offered; such a folder was not made here.
    return sorted((name for name in names if name.isprintable()), key=str.casefold)


def _count(folder: Path) -> int:
    try:
        found = os.scandir(folder)
    except (FileNotFoundError, PermissionError):  # deleted meanwhile, or none of ours
        return 0
    with found as entries:
        return sum(_is_photo(entry.name) for entry in entries)


def _is_photo(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    is_seen = suffix == ".png" and is_saved_frame(name)
    return suffix in SUFFIXES and not name.startswith(".") and not is_seen
