"""Links on the way to an output: followed where they are ours or root's, and never another's.

Who may write in a folder can put a link there under a foretold name. Followed, it would have us
append to, rename or replace a file that only we may write.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edgefmnist.errors import CannotWrite

_MOST = 40  # links on one way, as in the kernel


def follow(path: Path) -> Path:
    """Where `path` leads, which need not exist.

    Raises: CannotWrite at another user's link; OSError where a folder may not be searched.
    """
    for link in _on_the_way(path):
        if not is_trusted(link.lstat()):
            raise CannotWrite(
                f"cannot write {path}: {link} is a link that another user made; name another place"
            )
    return Path(os.path.realpath(path))


def is_trusted(found: os.stat_result) -> bool:
    """Whether a file belongs to us or to root."""
    return found.st_uid in (0, os.geteuid())


def is_open_to_all(folder: Path) -> bool:
    """Whether every user may put files into `folder`. Raises: OSError."""
    return bool(folder.stat().st_mode & stat.S_IWOTH)


def _on_the_way(path: Path) -> Iterator[Path]:
    parts = list(reversed(path.absolute().parts))
    at = Path(parts.pop())
    found = 0
    while parts and found < _MOST:
        part = parts.pop()
        step = at.parent if part == ".." else at / part
        if not step.is_symlink():
            at = step
            continue
        yield step
        found += 1
        target = step.readlink()
        names = [name for name in target.parts if name != target.anchor]
        at = Path(target.anchor) if target.is_absolute() else at
        parts.extend(reversed(names))
