"""Fashion-MNIST: found, verified, fetched where it is missing, and loaded.

Source: Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms", arXiv:1708.07747.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist.dataset import idx, locate
from edgefmnist.dataset.catalogue import ALL_FILES, FILES, FileSpec, Split
from edgefmnist.dataset.split import split_validation, stratified_sample
from edgefmnist.errors import BadData, DatasetMissing

__all__ = [
    "DataFile",
    "OnProgress",
    "Samples",
    "Split",
    "find",
    "load",
    "split_validation",
    "stratified_sample",
]

OnProgress = Callable[[str, int, int], None]
"""Called as (file name, bytes so far, bytes in all or 0 where unknown) while downloading."""

_NAMED_FOLDER_MEND = (
    "copy the four Fashion-MNIST files there again, or leave --data and EDGEFMNIST_DATA out "
    "and run: edgefmnist data --fetch"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One split of the data set.

    images: uint8 [n, 28, 28], 0 (background) .. 255, read-only.
    labels: uint8 [n], 0..9, read-only; names in `edgefmnist.records.LABELS`.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A verified file of the data set: where it is and what it holds.

    count: samples in it. size_bytes: compressed size. sha256: of the uncompressed bytes.
    """

    name: str
    path: Path
    count: int
    size_bytes: int
    sha256: str


def load(
    split: Split, folder: Path | None = None, on_progress: OnProgress | None = None
) -> Samples:
    """Load the 60,000 "train" or the 10,000 "test" samples, fetching them where they are missing.

    Only the two files of `split` are read; each is checked against its SHA-256.

    folder: where to look, and nowhere else; None: ``EDGEFMNIST_DATA``, else the cache, the system
        and at last a download into the cache.
    Raises: BadData (a file in a named folder is missing or damaged), DatasetMissing (found
        nowhere and could not be fetched), CannotWrite (the cache refuses the download).
    """
    images, labels = (_obtain(spec, folder, True, on_progress)[1] for spec in FILES[split])
    return Samples(images=images, labels=labels)


def find(
    folder: Path | None = None, fetch: bool = False, on_progress: OnProgress | None = None
) -> tuple[DataFile, ...]:
    """Find and verify all four files; with `fetch`, download those that are missing.

    Raises: as `load`; without `fetch`, DatasetMissing where `load` would have downloaded.
    """
    found = []
    for spec in ALL_FILES:
        path, _ = _obtain(spec, folder, fetch, on_progress)
        found.append(
            DataFile(
                name=spec.name,
                path=path,
                count=spec.shape[0],
                size_bytes=path.stat().st_size,
                sha256=spec.sha256,
            )
        )
    return tuple(found)


def _obtain(
    spec: FileSpec, folder: Path | None, fetch: bool, on_progress: OnProgress | None
) -> tuple[Path, npt.NDArray[np.uint8]]:
    named = locate.named_folder(folder)
    if named is not None:
        return _read_named(named, spec)
    cached = locate.cache_folder() / spec.name
    for path in (cached, *(place / spec.name for place in locate.system_folders())):
        if path.is_file():
            # A damaged copy is passed over: the fetch below puts a sound one in the cache's place.
            with contextlib.suppress(BadData):
                return path, idx.read(path, spec)
    if not fetch:
        raise DatasetMissing(
            f"Fashion-MNIST is not on this machine (no sound {spec.name}); "
            "run: edgefmnist data --fetch, or: sudo apt install dataset-fashion-mnist"
        )
    from edgefmnist.dataset import download

    download.fetch(spec, locate.cache_folder(), on_progress)
    return cached, idx.read(cached, spec)


def _read_named(folder: Path, spec: FileSpec) -> tuple[Path, npt.NDArray[np.uint8]]:
    if not folder.is_dir():
        raise BadData(f"{folder} is not a folder with Fashion-MNIST in it; {_NAMED_FOLDER_MEND}")
    path = folder / spec.name
    if not path.is_file():
        raise BadData(f"{folder} lacks {spec.name}; {_NAMED_FOLDER_MEND}")
    try:
        return path, idx.read(path, spec)
    except BadData as error:
        raise BadData(f"{error}; {_NAMED_FOLDER_MEND}") from error
