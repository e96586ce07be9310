"""Fetching the data set into the cache: over HTTP, else out of Debian's package.

Nothing is put under its final name before its content is verified, and a fetch that fails takes
its temporary folder with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pooch
import requests

from edgefmnist.dataset import debian, idx
from edgefmnist.dataset.catalogue import FileSpec
from edgefmnist.errors import BadData, CannotWrite, DatasetMissing

OFFICIAL_ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
)
"""Where the authors publish the files: their bucket and their repository."""

_TRIES_PER_ADDRESS = 3
_TIMEOUT_S = (5, 30)  # to connect, to wait for the next bytes
_CHUNK_BYTES = 1 << 16
_SCRATCH = ".fetch-"
_ABANDONED_S = 3600


def fetch(
    spec: FileSpec, cache: Path, on_progress: Callable[[str, int, int], None] | None = None
) -> Path:
    """Bring the file `spec` names into the folder `cache`, verified.

    ``EDGEFMNIST_DATA_MIRROR`` (an address that serves the four files) is asked first, then the
    official addresses, then apt. Getting the package brings in all four files.

    on_progress: called with (file name, bytes so far, bytes in all or 0 where unknown); the bytes
        only grow, except that another try begins again at 0.
    Raises: DatasetMissing when every way failed, CannotWrite when `cache` refuses the file.
    """
    report = on_progress or _ignore
    with _scratch_in(cache) as scratch:
        refusals = []
        for address in _addresses():
            try:
                _from_address(address, spec, scratch / spec.name, report)
            except DatasetMissing as refusal:
                refusals.append(str(refusal))
            else:
                os.replace(scratch / spec.name, cache / spec.name)
                return cache / spec.name
        try:
            debian.fetch(scratch, cache, report)
        except DatasetMissing as refusal:
            refusals.append(str(refusal))
            raise DatasetMissing(
                "Fashion-MNIST is not on this machine and could not be fetched "
                f"({'; '.join(refusals)}); run: sudo apt install dataset-fashion-mnist, "
                "or with a network: edgefmnist data --fetch"
            ) from refusal
    return cache / spec.name


def _addresses() -> tuple[str, ...]:
    mirror = os.environ.get("EDGEFMNIST_DATA_MIRROR", "").rstrip("/")
    return (mirror, *OFFICIAL_ADDRESSES) if mirror else OFFICIAL_ADDRESSES


@contextlib.contextmanager
def _scratch_in(cache: Path) -> Iterator[Path]:
    # Inside the cache, so that os.replace() into it stays on one file system and is atomic.
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for left in cache.glob(f"{_SCRATCH}*"):  # by a fetch that was killed, not one at work
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=_SCRATCH) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise CannotWrite(
            f"cannot write the data set to {cache}: {error.strerror or error}; "
            "name a folder that takes 32 MB with EDGEFMNIST_CACHE"
        ) from error


def _from_address(
    address: str, spec: FileSpec, target: Path, report: Callable[[str, int, int], None]
) -> None:
    """Download one file to `target` and verify it; DatasetMissing says in short why not."""
    host = address.partition("//")[2].partition("/")[0] or address
    reason = ""
    for _ in range(_TRIES_PER_ADDRESS):
        downloader = pooch.HTTPDownloader(
            progressbar=_Meter(spec, report), chunk_size=_CHUNK_BYTES, timeout=_TIMEOUT_S
        )
        try:
            downloader(f"{address}/{spec.name}", target, None)
            idx.read(target, spec)
            return
        # A cut connection or a wrong byte may go well at the next try; an address that does not
        # answer, or answers no, will not.
        except requests.exceptions.ChunkedEncodingError:
            reason = "the connection was cut"
        except BadData:
            reason = "the content is wrong"
        except requests.exceptions.HTTPError as error:
            status = "error" if error.response is None else error.response.status_code
            raise DatasetMissing(f"{host}: HTTP {status}") from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise DatasetMissing(f"{host}: no answer") from error
    target.unlink(missing_ok=True)
    raise DatasetMissing(f"{host}: {reason}")


class _Meter:
    """The object pooch reports to, with the interface of tqdm; passes it on as running totals.

    A server may send without end: what is longer than the file can be ends the download.
    """

    def __init__(self, spec: FileSpec, report: Callable[[str, int, int], None]) -> None:
        self.total = 0
        self._name = spec.name
        self._most = idx.most_packed_bytes(spec)
        self._report = report
        self._done = self._received = 0

    def update(self, count: int) -> None:
        """Raises: BadData."""
        self._received += count
        if self._received > self._most:
            raise BadData(f"{self._name} is longer than it can be")
        # pooch counts whole chunks, so the last one may reach beyond the end.
        self._done = min(self._done + count, self.total) if self.total else self._done + count
        self._report(self._name, self._done, self.total)

    def reset(self) -> None:  # before pooch reports the whole at the end
        self._done = self._received = 0

    def close(self) -> None:
        pass


def _ignore(*_: Any) -> None:
    pass
