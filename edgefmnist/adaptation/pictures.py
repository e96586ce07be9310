"""Somebody's own pictures: which there are, of what, taken when, and the garments in them."""

from __future__ import annotations

import calendar
import dataclasses
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist import class_names, files
from edgefmnist.adaptation.records import AdaptObserver, Grouping
from edgefmnist.camera.pictures.finding import read_finding
from edgefmnist.camera.pictures.folder import Complaints, PictureFolder, list_pictures
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.camera.pictures.saved_names import MOST_RECORD_BYTES
from edgefmnist.errors import BadInput, BadPicture
from edgefmnist.preprocess import Preprocessor

MOST_PICTURES = 5_000
_TIME = re.compile(
    r"(?<!\d)(20\d\d)[-:_.]?(\d\d)[-:_.]?(\d\d)[-_ T.]?(\d\d)[-:_.]?(\d\d)[-:_.]?(\d\d)", re.ASCII
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A picture file. label: None where it shows none of the classes."""

    path: Path
    label: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Garments:
    """The garments found, n of them.

    images: uint8 [n, 28, 28]. files: the n pictures. taken_s: when, in seconds; None: not known.
    empty, unreadable: pictures in which none was found, and that could not be read.
    """

    images: npt.NDArray[np.uint8]
    files: tuple[File, ...]
    taken_s: tuple[int | None, ...]
    empty: int
    unreadable: int


def find(
    photos: Path, known: tuple[str, ...], grouping: Grouping, on_note: OnNote
) -> tuple[File, ...]:
    """The pictures in the folders of `photos`, in order.

    known: labels that a folder may be named after; any other name is a class of one's own.
    grouping: of "folder", pictures lie in folders inside those, or beside them as one more group.
    Raises: BadInput where the folders are no classes to tell apart or hold too many pictures;
    BadPicture where one is empty.
    """
    found: list[File] = []
    has_groups = False
    for folder in _folders(photos):
        label, inner = _label(folder, known), _inside(folder)
        has_groups = has_groups or bool(inner)
        listed = _of_groups(folder, inner) if grouping == "folder" else [_of_class(folder, inner)]
        for one in listed:
            if one.note:
                on_note(one.note)
            found += [File(path=path, label=label) for path in one.pictures]
    if grouping == "folder" and not has_groups:
        raise BadInput(
            f"no class of {photos} has folders in it for --group folder to keep together: make one "
            "for each occasion, or leave --group out"
        )
    if len({file.label for file in found}) < 2:
        only = found[0].label or "none of the classes"
        raise BadInput(
            f"{photos} has pictures of {only} only, which teach nothing: add folders of other "
            "classes, or one called unknown with pictures of none of them"
        )
    if len(found) > MOST_PICTURES:
        raise BadInput(
            f"{photos} has {len(found):,} pictures and {MOST_PICTURES:,} can be used here: take "
            "some of each class away"
        )
    return tuple(found)


def _of_class(folder: Path, inner: list[Path]) -> PictureFolder:
    """The pictures of a class; `inner`: the folders in it."""
    try:
        return list_pictures(folder)
    except BadPicture as error:
        if not inner:
            raise
        raise BadInput(
            f"{folder} has its pictures in folders of its own: add --group folder, which keeps "
            "those of one folder together, or move them up into it"
        ) from error


def _of_groups(folder: Path, inner: list[Path]) -> list[PictureFolder]:
    """The pictures of a class in each of its folders, and those beside them, a group too."""
    groups = [list_pictures(one) for one in inner]
    try:
        beside = list_pictures(folder)
    except BadPicture:
        if not inner:
            raise
        return groups
    return [*groups, dataclasses.replace(beside, note="" if inner else beside.note)]


def _folders(photos: Path) -> list[Path]:
    if not (inside := _inside(photos)):
        raise BadInput(
            f"{photos} has no folders: put the pictures of each class into one named after it, "
            f"such as {photos}/Coat and {photos}/My hat"
        )
    return inside


def _inside(place: Path) -> list[Path]:
    try:
        inside = sorted(one for one in place.iterdir() if not one.name.startswith("."))
        return [one for one in inside if one.is_dir()]
    except OSError as error:
        raise BadPicture(f"cannot list {place}: {error.strerror}") from error


def _label(folder: Path, known: tuple[str, ...]) -> str | None:
    name = folder.name
    if class_names.is_none_of_them(name):
        return None
    at = class_names.class_of(name, known)
    if at is not None:
        return known[at]
    try:
        class_names.check_label(name)
    except ValueError as error:
        raise BadInput(f"{folder} cannot be a class: {error}; rename the folder") from error
    return name


def prepare(found: tuple[File, ...], observer: AdaptObserver, on_note: OnNote) -> Garments:
    """Read the pictures and find the garments, by the camera's own path.

    Of frames that a camera kept, what that found.

    Raises: BadPicture where no garment is found in any.
    """
    observer.stage("Finding garments", len(found))
    preprocessor, complaints = Preprocessor(), Complaints(on_note)
    images, used, taken, empty, unreadable = [], [], [], 0, 0
    for done, file in enumerate(found, 1):
        try:
            garment, exif = _garment(file.path, preprocessor)
        except BadPicture as error:
            unreadable += 1
            complaints.add(error)
        else:
            if garment is None:
                empty += 1
            else:
                images.append(garment)
                used.append(file)
                taken.append(taken_s(file.path, exif))
        observer.progress(done, len(found))
    complaints.close()
    if not images:
        raise BadPicture(
            f"a garment was found in none of the {len(found)} pictures: see what is missed with "
            f"edgefmnist predict {found[0].path.parent} --explain OUT"
        )
    return Garments(
        images=np.stack(images),
        files=tuple(used),
        taken_s=tuple(taken),
        empty=empty,
        unreadable=unreadable,
    )


def _garment(path: Path, preprocessor: Preprocessor) -> tuple[npt.NDArray[np.uint8] | None, str]:
    """The 28x28 of a picture, and the time in its EXIF. Raises: BadPicture."""
    found = read_finding(path)
    if found is not None:
        return found.picture, ""
    picture = read_picture(path)
    return preprocessor.prepare(picture.pixels).picture, picture.taken


def taken_s(path: Path, exif: str) -> int | None:
    """When a picture was taken, in seconds of some clock; None where nothing says so.

    By the JSON that ``--save-uncertain`` keeps beside a frame, by EXIF, or by a time in the file's
    name. The file's own time is that of the last copy as often as not: it is not asked.
    """
    try:
        fields = files.read_json(path.with_suffix(".json"), MOST_RECORD_BYTES)
        told = str(fields.get("time", "")) if isinstance(fields, dict) else ""
    except (OSError, ValueError):
        told = ""
    for words in (told, exif, path.stem):
        found = _TIME.search(words)
        if found is None:
            continue
        year, month, day, hour, minute, second = (int(part) for part in found.groups())
        if 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60:
            return calendar.timegm((year, month, day, hour, minute, second))
    return None
