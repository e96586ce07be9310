"""Where the data set is looked for, in order.

A folder named by the user; else, file by file: the user's cache, then the system's data folders
(where Debian's package `dataset-fashion-mnist` puts it).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs

_SYSTEM_SUBFOLDER = Path("datasets", "fashion-mnist")


def named_folder(folder: Path | None = None) -> Path | None:
    """The folder the user named: `folder` (``--data``), else ``EDGEFMNIST_DATA``, else None."""
    if folder is not None:
        return folder
    from_environment = os.environ.get("EDGEFMNIST_DATA")
    return Path(from_environment) if from_environment else None


def cache_folder() -> Path:
    """Where downloads go: ``EDGEFMNIST_CACHE``, else the platform's folder for caches."""
    # platformdirs is what pooch.os_cache() calls; going there directly keeps pooch and requests
    # unimported unless something is really downloaded.
    return Path(os.environ.get("EDGEFMNIST_CACHE") or platformdirs.user_cache_path("edgefmnist"))


def system_folders() -> Iterator[Path]:
    """Folders a package manager fills: /usr/share/datasets/fashion-mnist on Debian.

    The bases come from XDG_DATA_DIRS (XDG Base Directory Specification 0.8).
    """
    bases = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for base in bases.split(os.pathsep):
        if base:
            yield Path(base) / _SYSTEM_SUBFOLDER
