"""Writing files so that nothing half-written is ever found under its final name."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from edgefmnist.errors import CannotWrite, UsageError
from edgefmnist.links import follow

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of space."""
    return error.errno in _NO_SPACE


def cannot_write(path: Path | str, error: OSError) -> CannotWrite:
    """The one-line error for a failed write to `path`."""
    if is_full(error):
        return CannotWrite(
            f"no space left while writing {path}: free some, or name a place on another disk "
            "(TMPDIR for temporary files)"
        )
    reason = error.strerror or str(error)
    return CannotWrite(f"cannot write {path}: {reason}; name another place for it")


def no_temporary_folder() -> CannotWrite | None:
    """The error where no folder takes temporary files, which libraries put in many ways."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return CannotWrite(
            "no folder for temporary files can be written (/tmp is full or read-only?): name one "
            "with TMPDIR"
        )
    return None


def make_folder(path: Path) -> None:
    """Create `path` and its parents, and prove that it can be written.

    Raises: CannotWrite.
    """
    try:
        follow(path)
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def check_target(path: Path) -> None:
    """See, before long work, that a file can be written to `path`; its folder is created.

    Raises: CannotWrite.
    """
    make_folder(path.parent)
    try:
        _regular(path)
    except OSError as error:  # a name too long, a folder that may not be searched
        raise cannot_write(path, error) from error


def _regular(path: Path) -> Path:
    """Where writing to `path` goes, links followed as `links.follow` does.

    Raises: CannotWrite where a device, a folder or another special file stands there.
    """
    real = follow(path)
    if real.is_symlink() or (real.exists() and not real.is_file()):
        raise CannotWrite(f"cannot write {path}: it is no regular file; name another place for it")
    return real


def output_folder(path: Path, what: str, is_ours: Callable[[Path], bool]) -> Path:
    """`path`, once it is clear that it may be replaced by `replacing_folder`.

    what: what is written there, such as "a bundle"; is_ours: whether a folder with something in it
    is an older one of these.

    Raises: UsageError where `path` holds anything else; CannotWrite.
    """
    if path.name in ("", ".."):  # such a folder has no name to write a neighbour of
        path = path.resolve()
    try:
        is_file = path.exists() and not path.is_dir()
        foreign = path.is_dir() and any(path.iterdir()) and not is_ours(path)
    except OSError as error:  # a name too long, a folder that may not be searched
        raise cannot_write(path, error) from error
    if is_file:
        raise UsageError(f"{path} is a file: name a folder with --out")
    if foreign:
        raise UsageError(f"{path} holds something else than {what}: name another with --out")
    make_folder(path.parent)
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block succeeds.

    The temporary name keeps the suffix, since Keras and matplotlib choose a format by it.
    On any failure the temporary file is removed and what `path` held before stays. A link is
    followed; a device or another special file is never replaced.

    Raises: CannotWrite where the operating system refuses the write.
    """
    told, path = path, _regular(path)
    scratch = scratch_name(path, ".part" + path.suffix)
    try:
        # Made by us, under a name that nobody could foretell: where others may write too, one could
        # plant a link there that leads to a file of ours.
        os.close(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        yield scratch
        with scratch.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(scratch, path)
    except OSError as error:
        raise cannot_write(told, error) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing could be written, nothing is left
            scratch.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Like `replacing`, for a folder: an older folder at `path` is replaced as a whole.

    A kill between the two renames leaves the older one beside it, as ``.NAME.*.old``.

    Raises: CannotWrite.
    """
    scratch, retired = scratch_name(path, ".part"), scratch_name(path, ".old")
    try:
        scratch.mkdir(parents=True)
        yield scratch
        if path.exists():
            os.replace(path, retired)
        os.replace(scratch, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if retired.exists() and not path.exists():  # stopped between the two renames
            os.replace(retired, path)
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


def scratch_name(path: Path, ending: str) -> Path:
    """A new name beside `path`, not longer than a name may be."""
    start = os.fsencode(path.stem)[:100].decode(errors="ignore")
    return path.with_name(f".{start}.{secrets.token_hex(8)}{ending}")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 under `path` by way of a temporary name.

    Raises: CannotWrite.
    """
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
