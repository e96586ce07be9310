"""Reading arrays from an .npz that may be damaged or made to do harm."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist import files

_KINDS = "biufU"
"""Kinds of dtype that are read: numbers and text. Objects are pickles, which run code."""


def read(
    path: Path, names: tuple[str, ...], *, most_file_bytes: int, most_bytes: int
) -> dict[str, npt.NDArray[Any]]:
    """The arrays `names` of the .npz file `path`.

    Memory stays within a few times `most_bytes`, whatever the archive and the arrays' headers say
    of their sizes: nothing is unpacked beyond it, and no room is made for what is not there.

    most_file_bytes: of the file. most_bytes: of each array, its header included.

    Raises: OSError as `files.read_bytes`; ValueError where it is no such archive, lacks one of
    `names` or holds something else than plain arrays.
    """
    data = files.read_bytes(path, most_file_bytes)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: _array(archive, name, most_bytes) for name in names}
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds at damaged bytes
        reason = str(error) if isinstance(error, (ValueError, KeyError)) else "it is damaged"
        raise ValueError(f"no arrays that can be read: {reason}") from error


def _array(archive: zipfile.ZipFile, name: str, most_bytes: int) -> npt.NDArray[Any]:
    member = archive.getinfo(f"{name}.npy")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # as NumPy writes
        raise ValueError(f"{name} is packed in another way")
    with archive.open(member) as packed:
        content = packed.read(most_bytes + 1)  # what it unpacks to, not what its header says
    if len(content) > most_bytes:
        raise ValueError(f"{name} is larger than {most_bytes:,} bytes")
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, column_major, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, column_major, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"{name} has the format {version}")
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise ValueError(f"{name} holds {dtype}")
    values = memoryview(content)[stream.tell() :]
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} is not as long as its shape {shape} says")
    array = np.frombuffer(values, dtype).reshape(shape, order="F" if column_major else "C")
    return array.copy(order="C")  # to be written to, with memory of its own
