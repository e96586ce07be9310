"""Archives of arrays that are damaged, or made to take all memory or run code."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgefmnist import npz

LIMIT = 1 << 20


def read(path: Path) -> npt.NDArray[np.generic]:
    return npz.read(path, ("a",), most_file_bytes=LIMIT, most_bytes=LIMIT)["a"]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(12, dtype=np.int8).reshape(3, 4)),
        np.array("text"),
        np.zeros((0, 28, 28), np.uint8),
    ],
)
def test_plain_arrays_come_back(
    tmp_path: Path, array: npt.NDArray[np.generic], save: Callable[..., None]
) -> None:
    save(tmp_path / "x.npz", a=array)
    found = read(tmp_path / "x.npz")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype and found.flags.writeable and found.flags.c_contiguous


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def zeros(count: int) -> bytes:
    return header(f"({count},)") + bytes(count)


def pickled() -> bytes:
    made = io.BytesIO()
    np.save(made, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "compression"),
    [
        (zeros(30 * LIMIT), zipfile.ZIP_DEFLATED),  # packed to 3 % of the limit
        (header("(10**12,)"), zipfile.ZIP_STORED),
        (header("(1000000000000,)"), zipfile.ZIP_STORED),
        (header("(-1,)") + bytes(10), zipfile.ZIP_STORED),
        (header("(0, -3)"), zipfile.ZIP_STORED),
        (header("(3,)", "'|O'") + bytes(24), zipfile.ZIP_STORED),
        (header("(3,)", "'|V0'"), zipfile.ZIP_STORED),
        (header("(3,)", "[('x', '|O')]") + bytes(24), zipfile.ZIP_STORED),
        (header("(" * 3000), zipfile.ZIP_STORED),
        (b"\x93NUMPY\x09\x00" + bytes(100), zipfile.ZIP_STORED),
        (pickled(), zipfile.ZIP_STORED),
        (b"", zipfile.ZIP_STORED),
        (zeros(10), zipfile.ZIP_LZMA),
    ],
)
def test_what_is_made_to_do_harm_is_refused_within_its_limit(
    tmp_path: Path, content: bytes, compression: int
) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", compression) as archive:
        archive.writestr("a.npy", content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="no arrays"):
            read(tmp_path / "x.npz")
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", zeros(10 * LIMIT))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    size = len(zeros(10 * LIMIT)).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (200).to_bytes(4, "little")
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(ValueError, match="no arrays"):
        read(tmp_path / "x.npz")


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + bytes(50), zeros(10)])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(ValueError, match="no arrays"):
        read(tmp_path / "x.npz")
