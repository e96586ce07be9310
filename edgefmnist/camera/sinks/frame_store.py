"""A folder of frames that stays within a size: the oldest go first."""

from __future__ import annotations

import collections
import errno
import os
import re
from pathlib import Path

from edgefmnist import files
from edgefmnist.errors import CannotWrite

_OURS = re.compile(r"(edgefmnist-(\d{8})-\d{8}T\d{6}Z)\.(?:jpg|png|json)")
_SCRATCH = re.compile(r"\.edgefmnist-\d{8}-\d{8}T\d{6}Z\.[0-9a-f]+\.part\.(?:jpg|png|json)")
_SUFFIXES = (".json", ".png", ".jpg")


class FrameStore:
    """Groups of files of one stem, such as ``edgefmnist-00000042-20260131T120000Z``.

    The number counts up over all runs and alone says which is older, so a clock that steps does
    not matter. Files of any other name are never touched; ours may be moved out or deleted by
    anybody at any time. One folder is for one camera at a time.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Take in what is there. limit_bytes: of our files together. Raises: OSError."""
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._sizes: collections.OrderedDict[str, int] = collections.OrderedDict()
        found: dict[tuple[int, str], int] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if _SCRATCH.fullmatch(entry.name):  # of a run that was killed
                    Path(entry.path).unlink(missing_ok=True)
                elif ours := _OURS.fullmatch(entry.name):
                    key = int(ours[2]), ours[1]
                    found[key] = found.get(key, 0) + Path(entry.path).stat().st_size
        for (_, stem), size_bytes in sorted(found.items()):
            self._sizes[stem] = size_bytes
        self._total_bytes = sum(found.values())
        self._next = max((number for number, _ in found), default=-1) + 1

    def add(self, parts: dict[str, bytes], time: str) -> None:
        """Write one group of files, once the oldest have made room.

        parts: content by suffix, in the order to write them; time: ``2026-01-31T12:00:00.123Z``.
        Raises: OSError; nothing of the group is left then.
        """
        size_bytes = sum(map(len, parts.values()))
        if size_bytes > self._limit_bytes:
            raise OSError(errno.EFBIG, f"one frame takes {size_bytes:,} bytes, over --save-limit")
        self._make_room(size_bytes)
        stem = f"edgefmnist-{self._next:08}-{time[:19].replace('-', '').replace(':', '')}Z"
        self._next += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for suffix, data in parts.items():
                with files.replacing(self._folder / (stem + suffix)) as scratch:
                    scratch.write_bytes(data)
        except CannotWrite as refused:
            self._delete(stem)
            cause = refused.__cause__
            if not isinstance(cause, OSError):
                raise OSError(str(refused)) from None
            raise OSError(cause.errno, cause.strerror, str(self._folder)) from None
        self._sizes[stem] = size_bytes
        self._total_bytes += size_bytes

    def _make_room(self, size_bytes: int) -> None:
        while self._sizes and self._total_bytes + size_bytes > self._limit_bytes:
            stem, held_bytes = next(iter(self._sizes.items()))
            self._delete(stem)
            del self._sizes[stem]
            self._total_bytes -= held_bytes

    def _delete(self, stem: str) -> None:
        """Raises: OSError."""
        for suffix in _SUFFIXES:
            (self._folder / (stem + suffix)).unlink(missing_ok=True)
