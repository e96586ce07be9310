"""A folder of frames that stays within a size: the oldest go first."""

from __future__ import annotations

import collections
import contextlib
import errno
import fcntl
import os
import re
import stat
from pathlib import Path

from edgefmnist import files
from edgefmnist.camera.pictures.saved_names import SAVED, saved_stem
from edgefmnist.errors import CannotWrite

_SCRATCH = re.compile(
    r"\.edgefmnist-[0-9]{8,18}-[0-9]{8}T[0-9]{6}Z\.[0-9a-f]+\.part\.(?:jpg|png|json)"
)
_SUFFIXES = (".jpg", ".png", ".json")  # no frame without its record, whenever the power fails
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


class InUse(OSError):
    """Another process keeps frames in the folder."""


class FrameStore:
    """Groups of files of one stem, such as ``edgefmnist-00000042-20260131T120000Z``.

    The number counts up over all runs and alone says which is older, so a clock that steps does
    not matter. Regular files of exactly such names are ours, and may be moved out or deleted by
    anybody at any time; whatever else is there is never counted, followed or deleted. One process
    has the folder at a time, since two would each keep as much as the limit allows. The folder
    may vanish, and come back as another.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Take in what is there. limit_bytes: of our files together. Raises: InUse, OSError."""
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = -1
        self._take_over()

    def add(self, parts: dict[str, bytes], time: str) -> None:
        """Write one group of files, once the oldest have made room.

        parts: content by suffix, in the order to write them; time: ``2026-01-31T12:00:00.123Z``.
        Raises: OSError; nothing of the group is left then.
        """
        size_bytes = sum(map(len, parts.values()))
        if size_bytes > self._limit_bytes:
            raise OSError(errno.EFBIG, f"one frame takes {size_bytes:,} bytes, over --save-limit")
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._is_locked():
            self._take_over()
        self._make_room(size_bytes)
        stem = saved_stem(self._next, time)
        if not SAVED.fullmatch(f"{stem}.jpg"):  # we would not know it again
            raise OSError(errno.EOVERFLOW, f"number {self._next} is too large: move that file away")
        self._next += 1
        try:
            for suffix, data in parts.items():
                with files.replacing(self._folder / (stem + suffix), lasting=False) as scratch:
                    scratch.write_bytes(data)
        except CannotWrite as refused:
            with contextlib.suppress(OSError):
                self._delete(stem)
            cause = refused.__cause__
            if not isinstance(cause, OSError):
                raise OSError(str(refused)) from None
            raise OSError(cause.errno, cause.strerror, str(self._folder)) from None
        self._sizes[stem] = size_bytes
        self._total_bytes += size_bytes

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _take_over(self) -> None:
        """Lock the folder and take in what is there. Raises: InUse, OSError."""
        self.close()
        # The folder itself is locked: a file for it would be one more of ours among the user's.
        lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:  # some network file systems lock no folders
                os.close(lock)
                raise InUse(
                    error.errno, "another process keeps frames there", str(self._folder)
                ) from error
        self._lock = lock
        self._take_in()

    def _is_locked(self) -> bool:
        """Whether the folder that is there now is the one that we locked."""
        if self._lock < 0:
            return False
        return os.path.samestat(os.fstat(self._lock), self._folder.stat())

    def _take_in(self) -> None:
        found: dict[tuple[int, str], int] = {}
        highest = -1
        with os.scandir(self._folder) as entries:
            for entry in entries:
                ours, scratch = SAVED.fullmatch(entry.name), _SCRATCH.fullmatch(entry.name)
                if ours:  # whatever it is, its number is taken
                    highest = max(highest, int(ours[2]))
                if not (ours or scratch) or (size_bytes := _regular_size(entry)) is None:
                    continue
                if ours:
                    key = int(ours[2]), ours[1]
                    found[key] = found.get(key, 0) + size_bytes
                else:  # of a run that was killed
                    with contextlib.suppress(OSError):
                        Path(entry.path).unlink()
        self._sizes: collections.OrderedDict[str, int] = collections.OrderedDict(
            (stem, found[number, stem]) for number, stem in sorted(found)
        )
        self._total_bytes = sum(found.values())
        self._next = highest + 1

    def _make_room(self, size_bytes: int) -> None:
        """Raises: OSError where too much of what is there cannot be deleted."""
        refused: OSError | None = None
        for stem in list(self._sizes):
            if self._total_bytes + size_bytes <= self._limit_bytes:
                return
            try:
                self._delete(stem)
            except OSError as error:  # of another user, perhaps: it stays and counts
                refused = error
            else:
                self._total_bytes -= self._sizes.pop(stem)
        if refused is not None and self._total_bytes + size_bytes > self._limit_bytes:
            raise refused

    def _delete(self, stem: str) -> None:
        """Raises: OSError."""
        for suffix in _SUFFIXES:
            path = self._folder / (stem + suffix)
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISREG(path.lstat().st_mode):
                    path.unlink()


def _regular_size(entry: os.DirEntry[str]) -> int | None:
    """Bytes of a regular file; None for anything else, and where it is gone."""
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return about.st_size if stat.S_ISREG(about.st_mode) else None
