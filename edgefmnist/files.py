"""Reading files within a limit, and writing them so that nothing half-written is ever found.

What is written under a temporary name is brought to the disk before it gets its final name, and the
folder after that: a power cut at any moment leaves the old or the new one, complete.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The whole of a regular file, links followed.

    Whatever else `path` may lead to (a FIFO, a device, a folder) is refused without waiting for it,
    and a file of more than `most_bytes` unread, also one that grows meanwhile.

    Raises: OSError, whose `strerror` is fit to be shown.
    """
    # Opening some devices has effects: look first. A FIFO would wait for a writer: O_NONBLOCK.
    _check_regular(path, path.stat(), most_bytes)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check_regular(path, os.fstat(descriptor), most_bytes)
        parts: list[bytes] = []
        left = most_bytes + 1
        while left and (part := os.read(descriptor, min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(descriptor)
    if not left:
        raise _too_large(path, most_bytes)
    return b"".join(parts)


def read_json(path: Path, most_bytes: int = 16_000_000) -> Any:
    """What the JSON in a regular file says. Raises: OSError as `read_bytes`; ValueError."""
    from edgefmnist import json_text  # help screens start sooner without it

    return json_text.loads(read_bytes(path, most_bytes))


def _check_regular(path: Path, found: os.stat_result, most_bytes: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    if found.st_size > most_bytes:
        raise _too_large(path, most_bytes)


def _too_large(path: Path, most_bytes: int) -> OSError:
    size = f"{most_bytes // 1_000_000} MB" if most_bytes >= 1_000_000 else f"{most_bytes:,} bytes"
    return OSError(errno.EOVERFLOW, f"it is larger than {size}", str(path))


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


def check_folder(path: Path) -> None:
    """See, before long work, that files can be written to a folder; nothing of it stays.

    Raises: CannotWrite.
    """
    missing = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    try:
        make_folder(path)
    finally:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


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
def replacing(path: Path, *, lasting: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block succeeds.

    The temporary name keeps the suffix, since Keras and matplotlib choose a format by it.
    On any failure the temporary file is removed and what `path` held before stays. A link is
    followed; a device or another special file is never replaced.

    lasting: after the block a power cut no longer brings the old file back, which takes the disk
        another moment; without it, the old or the new one is found, but complete.

    Raises: CannotWrite where the operating system refuses the write.
    """
    told, path = path, _regular(path)
    scratch = scratch_name(path, ".part" + path.suffix)
    try:
        # Made by us, under a name that nobody could foretell: where others may write too, one could
        # plant a link there that leads to a file of ours.
        os.close(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        yield scratch
        sync(scratch)
        os.replace(scratch, path)
        if lasting:
            sync(path.parent)
    except OSError as error:
        raise cannot_write(told, error) from error
    finally:
        with contextlib.suppress(OSError):  # where nothing could be written, nothing is left
            scratch.unlink(missing_ok=True)


def scratch_name(path: Path, ending: str) -> Path:
    """A new name beside `path`, not longer than a name may be."""
    start = os.fsencode(path.stem)[:100].decode(errors="ignore")
    return path.with_name(f".{start}.{os.urandom(8).hex()}{ending}")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 under `path` by way of a temporary name.

    Raises: CannotWrite.
    """
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def sync(path: Path) -> None:
    """Bring what `path` holds, a file or the names in a folder, to the disk. Raises: OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # folders of some network and FUSE file systems
            raise
    finally:
        os.close(descriptor)
