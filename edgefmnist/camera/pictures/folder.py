"""Which files of a folder are photos: for every command that takes a folder of pictures."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from edgefmnist.camera.pictures.headers import CONVERSIONS, is_picture
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.camera.pictures.saved_names import MOST_RECORD_BYTES, is_saved_frame
from edgefmnist.errors import BadPicture
from edgefmnist.files import read_json

SUFFIXES = frozenset(
    {".apng", ".avif", ".bmp", ".dib", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg",
     ".jpf", ".jpg", ".jpx", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)  # fmt: skip

_NEVER_PHOTOS = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini"})  # of Windows
_SAVED_KEYS = {"why", "announced", "camera", "box"}  # of the JSON beside a frame that was kept
_UNNAMED = "a picture by its content but not by its name: let it end in .jpg or the like"
_MOST_COMPLAINTS = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PictureFolder:
    """What was found.

    pictures: in natural order, 2 before 10. note: one line on what was left out and why; empty
    where nothing was that a user would miss.
    """

    pictures: tuple[Path, ...]
    note: str


class Complaints:
    """Says of the first few pictures what is wrong with them, and at the end how many more."""

    def __init__(self, on_note: OnNote) -> None:
        """Say it to `on_note`."""
        self.count = 0
        self._on_note = on_note

    def add(self, error: Exception) -> None:
        """One more that cannot be read."""
        self.count += 1
        self._on_note(str(error) if self.count <= _MOST_COMPLAINTS else "", bad=True)

    def close(self) -> None:
        """There are no more."""
        more, self.count = self.count - _MOST_COMPLAINTS, 0
        if more > 0:
            self._on_note(f"{more} more pictures cannot be read")


def list_pictures(folder: Path) -> PictureFolder:
    """Look through `folder` itself, not through folders inside it.

    A file is a picture by its suffix. Hidden files are passed over, and so are the 28x28 pictures
    that ``--save-uncertain`` keeps beside its frames.

    Raises: BadPicture where there is no picture, or the folder cannot be listed.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise BadPicture(f"cannot list {folder}: {error.strerror}") from error
    pictures: list[Path] = []
    left_out = collections.defaultdict[str, list[str]](list)  # names by why
    folders = 0
    for name in sorted(names, key=_natural):
        path, suffix = folder / name, Path(name).suffix.lower()
        if name.startswith(".") or name.lower() in _NEVER_PHOTOS:
            continue
        if _is(Path.is_dir, path):
            folders += 1
        elif suffix in SUFFIXES:
            if not (suffix == ".png" and _is_28x28_of_a_frame(path, names)):
                pictures.append(path)
        elif suffix in CONVERSIONS:
            left_out[CONVERSIONS[suffix]].append(name)
        elif _is(Path.is_file, path) and _begins_as_picture(path):
            left_out[_UNNAMED].append(name)
    note = _note(folders, left_out)
    if not pictures:
        why = note or "want files such as .jpg, .png or .webp"
        raise BadPicture(f"no pictures in {folder}: {why}")
    return PictureFolder(pictures=tuple(pictures), note=f"{folder}: {note}" if note else "")


def _natural(name: str) -> tuple[tuple[str | int, ...], str]:
    """Digits count as a number; capitals do not matter."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts)), name


def _is(what: Callable[[Path], bool], path: Path) -> bool:
    try:
        return what(path)
    except OSError:  # a link in a circle, no permission
        return False


def _begins_as_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError:
        return False
    return is_picture(start) and not start.startswith((b"P", b"BM"))  # text may begin so


def _is_28x28_of_a_frame(path: Path, names: set[str]) -> bool:
    """Whether it is the companion of a kept frame, by its name or by the JSON beside it."""
    if is_saved_frame(path.name):
        return True
    if f"{path.stem}.json" not in names:
        return False
    try:
        fields = read_json(path.with_suffix(".json"), MOST_RECORD_BYTES)
    except (OSError, ValueError):
        return False
    return isinstance(fields, dict) and fields.keys() >= _SAVED_KEYS


def _note(folders: int, left_out: dict[str, list[str]]) -> str:
    parts = []
    if folders:
        parts.append(f"{folders} folder{'s' * (folders > 1)} in it (name each to have it read)")
    for why, names in left_out.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        parts.append(f"{names[0]}{others}: {why}")
    return f"left out: {'; '.join(parts)}" if parts else ""
