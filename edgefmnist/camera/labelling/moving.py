"""A kept frame moves to another folder, and is whole in one of the two after any power cut.

Within one file system both files are renamed, the photo first: its rename is the move. Between two
they are copied, brought to the disk and renamed there, the photo last, and deleted here after that.
What a crash in between leaves is put in order by `finish`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import itertools
import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from edgefmnist import files
from edgefmnist.camera.pictures.saved_names import SAVED
from edgefmnist.links import follow

_SCRATCH = re.compile(
    r"\.edgefmnist-[0-9]{8,18}-[0-9]{8}T[0-9]{6}Z\.[0-9a-f]+\.part\.(?:jpg|png|json)"
)
_MOST_SAME_BYTES = 1 << 30


class NoLongerThere(Exception):
    """The frame was moved or deleted meanwhile."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FrameFiles:
    """The files of one kept frame: photo, what came of it, and the 28x28 that the model saw."""

    folder: Path
    stem: str

    @property
    def photo(self) -> Path:
        """The frame itself: where this lies is where the frame is."""
        return self.folder / f"{self.stem}.jpg"

    @property
    def record(self) -> Path:
        """See `sinks.uncertain.saved_fields`; may be missing."""
        return self.folder / f"{self.stem}.json"

    @property
    def seen(self) -> Path:
        """The 28x28; never leaves the folder of kept frames, since it would pass for a photo."""
        return self.folder / f"{self.stem}.png"


def move(frame: FrameFiles, folder: Path, stem: str = "") -> FrameFiles:
    """Move photo and record into `folder`, which exists; returns where they are then.

    Nothing there is replaced: a frame whose name is taken gets a number behind it. Where it fails,
    both are where they were. Once both folders are synced a power cut no longer undoes it.
    stem: by which they are called there; empty: as before.

    Raises: NoLongerThere, OSError, CannotWrite.
    """
    if not _is_regular(frame.photo):
        raise NoLongerThere(frame.stem)
    follow(folder)
    target = FrameFiles(folder=folder, stem=_free_stem(folder, stem or frame.stem))
    try:
        _rename(frame, target)
    except FileNotFoundError as error:
        if os.path.lexists(frame.photo):  # then it is the folder that vanished
            raise
        raise NoLongerThere(frame.stem) from error
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(frame, target)
    return target


def finish(frames: Path, folders: Iterable[Path]) -> None:
    """Complete, or take back, moves between `frames` and any of `folders` that a crash cut short.

    A frame that is not the same in both places is left as it is. Raises: OSError, CannotWrite.
    """
    _clear_up(frames)
    for folder in folders:
        _clear_up(folder)
        photos, records = set[str](), set[str]()
        for name in sorted(path.name for path in folder.iterdir()):
            found = SAVED.fullmatch(name)
            if found and name.endswith(".jpg"):
                photos.add(found[1])
            elif found and name.endswith(".json"):
                records.add(found[1])
        for stem in sorted(photos | records):
            kept = FrameFiles(folder=frames, stem=stem)
            moved = FrameFiles(folder=folder, stem=stem)
            if stem in photos:
                _finish_moved(kept, moved)
            else:
                _finish_kept(kept, moved)


def _clear_up(folder: Path) -> None:
    for path in folder.iterdir():
        if _SCRATCH.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _finish_moved(kept: FrameFiles, moved: FrameFiles) -> None:
    """The photo arrived: what is left of the frame where it was follows."""
    if kept.photo.exists() and not _same(kept.photo, moved.photo):
        return  # another frame of that name
    kept.photo.unlink(missing_ok=True)
    if kept.record.exists():
        if not moved.record.exists():
            _transfer(kept.record, moved.record)
        elif _same(kept.record, moved.record):
            kept.record.unlink()
    kept.seen.unlink(missing_ok=True)


def _finish_kept(kept: FrameFiles, moved: FrameFiles) -> None:
    """The photo is where it was: so is its record again."""
    if not kept.photo.exists():
        return
    if not kept.record.exists():
        _transfer(moved.record, kept.record)
    elif _same(kept.record, moved.record):
        moved.record.unlink()


def _rename(frame: FrameFiles, target: FrameFiles) -> None:
    os.replace(frame.photo, target.photo)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.replace(frame.record, target.record)
    except OSError:
        os.replace(target.photo, frame.photo)
        raise


def _copy(frame: FrameFiles, target: FrameFiles) -> None:
    try:
        if _is_regular(frame.record):
            _copy_file(frame.record, target.record)
        _copy_file(frame.photo, target.photo)
        frame.photo.unlink()
    except BaseException:
        for copied in (target.photo, target.record):
            with contextlib.suppress(OSError):
                copied.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the frame has moved; its record is there twice at worst
        frame.record.unlink(missing_ok=True)


def _transfer(source: Path, target: Path) -> None:
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_file(source, target)
        source.unlink()


def _copy_file(source: Path, target: Path) -> None:
    with files.replacing(target) as scratch:
        shutil.copyfile(source, scratch)
        shutil.copystat(source, scratch)  # the time of a photo says which burst it belongs to


def _free_stem(folder: Path, stem: str) -> str:
    for number in itertools.count(2):
        target = FrameFiles(folder=folder, stem=stem)
        if not os.path.lexists(target.photo) and not os.path.lexists(target.record):
            break
        stem = f"{stem.partition('Z')[0]}Z-{number}"
    return stem


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and (
        files.read_bytes(one, _MOST_SAME_BYTES) == files.read_bytes(other, _MOST_SAME_BYTES)
    )


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
