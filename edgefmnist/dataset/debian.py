"""Getting the data set out of Debian's package without root: apt-get downloads, dpkg-deb unpacks.

The package is `dataset-fashion-mnist` (Debian 11 and later, Raspberry Pi OS included).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from edgefmnist import children
from edgefmnist.dataset import idx
from edgefmnist.dataset.catalogue import ALL_FILES
from edgefmnist.errors import BadData, DatasetMissing

PACKAGE = "dataset-fashion-mnist"
_FOLDER_IN_PACKAGE = Path("usr/share/datasets/fashion-mnist")
_TIMEOUT_S = 600


def fetch(scratch: Path, cache: Path, report: Callable[[str, int, int], None]) -> None:
    """Bring all four files from the package into `cache`, verified.

    scratch: an empty folder on the same file system for what must not stay.
    Raises: DatasetMissing, with a short reason, when apt is not there or cannot get the package.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise DatasetMissing("apt: not on this machine")
    report(f"{PACKAGE} (apt)", 0, 0)
    archive = _download(scratch)
    unpacked = scratch / "unpacked"
    if not _runs(["dpkg-deb", "-x", str(archive), str(unpacked)], scratch):
        raise DatasetMissing(f"apt: {PACKAGE} does not unpack")
    folder = unpacked / _FOLDER_IN_PACKAGE
    try:
        for spec in ALL_FILES:
            idx.read(folder / spec.name, spec)
    except BadData as error:
        raise DatasetMissing("apt: the content is wrong") from error
    for spec in ALL_FILES:
        os.replace(folder / spec.name, cache / spec.name)


def _download(scratch: Path) -> Path:
    """The package's archive, below `scratch`.

    First with the machine's own package lists; where those are empty or out of date, with fresh
    ones in private folders, since only root may refresh the machine's.
    """
    command = ["apt-get", "-q", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=1"]
    private = [*command, "-o", f"Dir::State::lists={scratch}/lists"]
    private += ["-o", f"Dir::Cache={scratch}/cache"]
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    if not _runs([*command, "download", PACKAGE], scratch):
        # Its exit status is of no use: hooks that want root make it fail after the lists came.
        _runs([*private, "update"], scratch)
        _runs([*private, "download", PACKAGE], scratch)
    archives = sorted(scratch.glob("*.deb"))
    if not archives:
        raise DatasetMissing(f"apt: cannot download {PACKAGE}")
    return archives[0]


def _runs(command: list[str], folder: Path) -> bool:
    try:
        done = subprocess.run(
            command,
            env=children.environment(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
