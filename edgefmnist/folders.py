"""Replacing a whole folder at one stroke, as `edgefmnist.files` does it for a file."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from edgefmnist.files import cannot_write, sync
from edgefmnist.links import follow, is_trusted

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_LONG = 200  # bytes; a name may have 255


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it takes the place of `path` when the block succeeds.

    An older folder at `path` is replaced as a whole; a link is followed. A crash or a power cut at
    any moment leaves the old or the new one, complete. What else it leaves, ``.NAME.*.part``, is
    removed the next time. Where the file system cannot exchange two folders (Linux's own can), a
    crash may leave the old one as ``.NAME.*.old``, which takes its place again the next time.

    Raises: CannotWrite.
    """
    told = path
    try:
        path = follow(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_up(path)
        with _scratch(path) as scratch:
            yield scratch
            _sync_tree(scratch)
            _put(scratch, path)
            sync(path.parent)
    except OSError as error:
        raise cannot_write(told, error) from error


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """A new folder, locked while this process lives, and removed after the block if still there."""
    scratch = path.with_name(f"{_start(path)}{secrets.token_hex(8)}.part")
    scratch.mkdir()
    try:
        lock = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):  # a file system without locks: see `_clear_up`
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield scratch
        finally:
            os.close(lock)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(new: Path, path: Path) -> None:
    """Let `new` be found as `path`, and the old one, if any, as `new`."""
    if not path.exists():
        os.replace(new, path)
    elif not _exchange(new, path):
        old = new.with_suffix(".old")
        os.replace(path, old)
        try:
            os.replace(new, path)
        except BaseException:
            os.replace(old, path)
            raise
        sync(path.parent)  # before the old one is removed
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change their names in one step; False where kernel or disk cannot."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2  # glibc 2.28, musl 1.2.6
    except AttributeError:
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))


def _clear_up(path: Path) -> None:
    """Undo what a killed process left beside `path`; what a living one works on stays."""
    ours = re.compile(re.escape(_start(path)) + r"[0-9a-f]+\.(part|old)")
    left = sorted(one for one in path.parent.iterdir() if ours.fullmatch(one.name))
    for one in left:
        if one.is_symlink() or not is_trusted(one.lstat()):  # put there by somebody else
            continue
        if one.suffix == ".old" and not path.exists():
            os.replace(one, path)
        elif _is_abandoned(one):
            shutil.rmtree(one, ignore_errors=True)


def _start(path: Path) -> str:
    """What names beside `path` begin with: its own name, or enough of a long one to know it by."""
    name = os.fsencode(path.name)
    if len(name) > _LONG:
        name = name[:100] + hashlib.sha256(name).hexdigest()[:32].encode()
    return f".{os.fsdecode(name)}."


def _is_abandoned(folder: Path) -> bool:
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody works on it, or there are no locks to tell
        return False
    else:
        return True
    finally:
        os.close(lock)
