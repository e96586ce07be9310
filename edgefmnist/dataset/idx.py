"""IDX, the array format of MNIST and its successors.

Format (LeCun, "The MNIST database", last section): two zero bytes, a type byte, the number of
dimensions, then each dimension as a big-endian uint32, then the values in row-major order.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist import files
from edgefmnist.dataset.catalogue import FileSpec
from edgefmnist.errors import BadData

_UINT8 = 0x08
_WRAPPER_BYTES = 1 << 20
"""Far more than the header of an array and a gzip wrapper around it."""


def read(path: Path, spec: FileSpec) -> npt.NDArray[np.uint8]:
    """The array in the gzip-compressed IDX file `path`, proven to be the one `spec` names.

    Returns: uint8 of `spec.shape`, read-only, since it shares memory with the file's bytes.
    Raises: BadData when the file is unreadable, truncated, of another shape or fails SHA-256.
    """
    content = _decompress(path, spec)
    array = parse(content, path.as_posix(), spec.shape)
    found = hashlib.sha256(content).hexdigest()
    if found != spec.sha256:
        raise BadData(
            f"{path} has the wrong checksum: expected SHA-256 {spec.sha256[:12]}... of its "
            f"uncompressed bytes, found {found[:12]}..."
        )
    return array


def parse(content: bytes, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The uint8 array in the IDX bytes `content`; `name` is what messages call it.

    Raises: BadData when magic number, shape or length differ from those of `shape`.
    """
    header = 4 + 4 * len(shape)
    magic = bytes((0, 0, _UINT8, len(shape)))
    if not magic.startswith(content[:4]):
        raise BadData(
            f"{name} is not the IDX file it should be: "
            f"expected magic 0x{magic.hex()}, found 0x{content[:4].hex()}"
        )
    if len(content) < header:
        raise BadData(
            f"{name} is truncated: expected a header of {header} bytes, found {len(content)}"
        )
    found = tuple(int(n) for n in np.frombuffer(content, ">u4", count=len(shape), offset=4))
    if found != shape:
        raise BadData(f"{name} has the wrong shape: expected {shape}, found {found}")
    expected = header + math.prod(shape)
    if len(content) != expected:
        fault = "is truncated" if len(content) < expected else "is too long"
        raise BadData(f"{name} {fault}: expected {expected} bytes, found {len(content)}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def most_packed_bytes(spec: FileSpec) -> int:
    """Most that a gzip file of what `spec` names can take."""
    return math.prod(spec.shape) + _WRAPPER_BYTES


def _decompress(path: Path, spec: FileSpec) -> bytes:
    """What is in the file; of what is longer than it should be, enough to show that."""
    try:
        packed = files.read_bytes(path, most_packed_bytes(spec))
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            return file.read(most_packed_bytes(spec))
    except EOFError as error:
        raise BadData(
            f"{path} is truncated: expected a whole gzip file, found {path.stat().st_size} bytes "
            "that end early"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadData(f"{path} is damaged: expected a gzip file, found: {error}") from error
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror or error}") from error
