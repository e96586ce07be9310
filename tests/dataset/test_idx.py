from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefmnist.dataset import idx
from edgefmnist.dataset.catalogue import FileSpec
from edgefmnist.errors import BadData

SHAPE = (3, 2, 2)


def idx_bytes(*shape: int, type_code: int = 8, extra: int = 0) -> bytes:
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, type_code, len(shape), *shape)
    return header + bytes(range(int(np.prod(shape)) + extra))


def test_values_come_in_row_major_order() -> None:
    array = idx.parse(idx_bytes(*SHAPE), "x", SHAPE)

    assert array.dtype == np.uint8
    assert array.tolist() == np.arange(12).reshape(SHAPE).tolist()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "truncated: expected a header of 16 bytes, found 0"),
        (b"\x89PNG not IDX", "expected magic 0x00000803, found 0x89504e47"),
        (idx_bytes(12), "expected magic 0x00000803, found 0x00000801"),
        (idx_bytes(*SHAPE, type_code=0x0D), "expected magic 0x00000803, found 0x00000d03"),
        (idx_bytes(*SHAPE)[:9], "truncated: expected a header of 16 bytes, found 9"),
        (idx_bytes(3, 4, 1), "wrong shape: expected (3, 2, 2), found (3, 4, 1)"),
        (idx_bytes(*SHAPE)[:-1], "truncated: expected 28 bytes, found 27"),
        (idx_bytes(*SHAPE, extra=1), "too long: expected 28 bytes, found 29"),
    ],
)
def test_the_message_names_the_file_and_what_was_expected_and_found(
    content: bytes, words: str
) -> None:
    with pytest.raises(BadData) as caught:
        idx.parse(content, "images.gz", SHAPE)

    assert words in str(caught.value)
    assert "images.gz" in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=40), st.integers(0, 28))
def test_no_bytes_make_it_fail_in_another_way(noise: bytes, at: int) -> None:
    sound = idx_bytes(*SHAPE)
    for content in (noise, sound[:at] + noise + sound[at + len(noise) :]):
        with contextlib.suppress(BadData):
            assert idx.parse(content, "x", SHAPE).shape == SHAPE


def test_a_file_that_unpacks_far_beyond_its_size(tmp_path: Path) -> None:
    spec = FileSpec(name="x.gz", shape=SHAPE, sha256="")
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(idx_bytes(*SHAPE) + bytes(60_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(BadData, match="too long"):
            idx.read(path, spec)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_file_of_several_members_is_one(tmp_path: Path) -> None:
    content = idx_bytes(*SHAPE)
    spec = FileSpec(name="x.gz", shape=SHAPE, sha256=hashlib.sha256(content).hexdigest())
    (tmp_path / "x.gz").write_bytes(gzip.compress(content[:9]) + gzip.compress(content[9:]))
    assert idx.read(tmp_path / "x.gz", spec).shape == SHAPE


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.gz")
    with pytest.raises(BadData, match="not a regular file"):
        idx.read(tmp_path / "x.gz", FileSpec(name="x.gz", shape=SHAPE, sha256=""))
