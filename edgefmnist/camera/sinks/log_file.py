"""``--log``: the lines of ``--jsonl`` in a file that never outgrows its limit."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from edgefmnist import files, links
from edgefmnist.camera.sinks.jsonl import JsonLines
from edgefmnist.camera.sinks.lines import WholeLines, tell_lost
from edgefmnist.camera.sinks.log_repair import cut_unfinished, is_log, keep_newest
from edgefmnist.errors import CannotWrite, UsageError

_LEAST_LIMIT = 20_000  # bytes: some ten lines in each of the two files


def open_log(path: Path, limit_bytes: int, *, every_frame: bool) -> JsonLines:
    """The sink that appends to `path`; see `RotatingFile` and `jsonl.JsonLines`.

    Raises: UsageError where the limit is too small; CannotWrite.
    """
    if limit_bytes < _LEAST_LIMIT:
        raise UsageError(f"--log-limit: {limit_bytes:,} bytes hold too little; give 20KB or more")
    files.check_target(path)
    if _is_standard_stream(path):
        raise CannotWrite(
            f"--log {path}: standard output or error leads there already; name another file, or "
            "give --jsonl for these lines on standard output"
        )
    try:
        if not _is_ours(links.follow(path)):
            raise CannotWrite(
                f"--log {path}: the file holds something else than a log of ours; name another"
            )
        file = RotatingFile(path, limit_bytes)
        file.open()
    except OSError as error:
        raise files.cannot_write(error.filename or path, error) from error
    return JsonLines(file, "log", every_frame=every_frame)


def _is_standard_stream(path: Path) -> bool:
    """Whether stdout or stderr is this very file: two writers that know nothing of each other."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return True
    return False


class RotatingFile:
    """Appends lines to a file, which is renamed ``FILE.1`` before it outgrows half the limit.

    So the two together stay within it, and at least its last half is kept. A file that was moved
    (logrotate) or deleted, also with its folder, is made anew. No other file is ever renamed, and
    no ``FILE.1`` lost that is not ours. What is written goes to the page cache, not to the disk at
    once: that takes microseconds, and spares an SD card.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        """`open` or the first `write` opens it. A link is followed once, if it is ours or root's.

        Raises: CannotWrite, OSError.
        """
        self._path = links.follow(path)
        self._older = self._path.with_name(self._path.name + ".1")
        self._half_bytes = limit_bytes // 2
        self._descriptor: int | None = None
        self._lines: WholeLines | None = None
        self._lost = 0

    def write(self, line: str) -> int:
        """Append one line. Raises: OSError (no space, no folder): the next one is tried again."""
        try:
            lines = self._ready(len(line) + 1)
        except OSError:
            self._lost += 1
            raise
        return lines.write(line)

    def close(self) -> None:
        """Raises: OSError that tells how many lines were lost."""
        if self._lines is not None:
            with contextlib.suppress(OSError):
                self._lines.close()  # the rest of a half-written line
        self._give_up()
        tell_lost(self._lost)

    def open(self) -> WholeLines:
        """Open or create the file, without what a power cut left half-written at its end.

        Raises: OSError.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # A link or a pipe that stands here by now was not here when the options were checked.
        flags = os.O_NOFOLLOW | os.O_NONBLOCK
        flags |= os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o666)
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode) or self._may_be_planted(found):
            self._give_up()
            raise OSError(errno.EPERM, "another user's file", str(self._path))
        cut_unfinished(self._descriptor)
        self._check_older()
        self._put_older_in_order()
        self._lines = WholeLines(self._descriptor)
        return self._lines

    def _ready(self, size_bytes: int) -> WholeLines:
        """The file, with room for a line of `size_bytes`."""
        if self._lines is None or self._moved():
            self._give_up()
            self._lines = self.open()
        assert self._descriptor is not None
        held_bytes = os.fstat(self._descriptor).st_size
        if held_bytes and held_bytes + size_bytes > self._half_bytes:
            self._check_older()
            os.replace(self._path, self._older)
            self._give_up()
            self._lines = self.open()
        return self._lines

    def _put_older_in_order(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._older.stat().st_size > self._half_bytes:  # of a run with a larger limit
                keep_newest(self._older, self._half_bytes)
            descriptor = os.open(self._older, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                cut_unfinished(descriptor)
            finally:
                os.close(descriptor)

    def _check_older(self) -> None:
        """Raises: OSError where what stands at ``FILE.1`` is not ours to replace."""
        if not _is_ours(self._older):
            raise OSError(errno.EEXIST, "it is no log of ours: move it away", str(self._older))

    def _may_be_planted(self, found: os.stat_result) -> bool:
        """Whether somebody else may have put the file where everybody may put one."""
        if not links.is_open_to_all(self._path.parent):
            return False
        return found.st_nlink > 1 or not links.is_trusted(found)

    def _moved(self) -> bool:
        assert self._descriptor is not None
        try:
            return not os.path.samestat(self._path.lstat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return True

    def _give_up(self) -> None:
        if self._lines is not None:
            self._lost += self._lines.lost
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._lines = self._descriptor = None


def _is_ours(path: Path) -> bool:
    """Whether `path` is free, or holds a log of ours. Raises: OSError."""
    try:
        return stat.S_ISREG(path.stat().st_mode) and is_log(path)
    except FileNotFoundError:
        return not path.is_symlink()
