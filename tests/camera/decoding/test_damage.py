"""Damage to other pictures than JPEG, and the camera whose pictures are all bad."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.decoding import live
from edgefmnist.camera.decoding.limits import STREAM
from edgefmnist.camera.decoding.live import LiveDecoder
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.errors import BadPicture
from tests.camera.decoding.test_jpeg import END, FORMS, MIDDLE, WHOLE, declaring


@pytest.mark.parametrize("kind", [".webp", ".png", ".tiff", ".jpg"])
def test_a_lost_block_in_a_file_is_damage(kind: str, tmp_path: Path) -> None:
    pixels = cv2.imdecode(np.frombuffer(WHOLE, np.uint8), cv2.IMREAD_COLOR)
    large = cv2.resize(pixels, (1280, 960), interpolation=cv2.INTER_CUBIC)
    large ^= np.random.default_rng(0).integers(0, 16, large.shape, np.uint8)
    flags = [cv2.IMWRITE_TIFF_COMPRESSION, 8] if kind == ".tiff" else []  # deflate
    data = cv2.imencode(kind, large, flags)[1].tobytes()
    path = tmp_path / f"a{kind}"
    path.write_bytes(data)
    read_picture(path)
    at = len(data) // 2
    for damaged in (data[:at], data[:at] + bytes(4096) + data[at + 4096 :]):
        path.write_bytes(damaged)
        with pytest.raises(BadPicture, match=r"damaged") as caught:
            read_picture(path)
        assert str(path) in str(caught.value)


def test_a_plain_picture_is_whole_though_its_file_holds_zeros(tmp_path: Path) -> None:
    for kind in (".webp", ".png", ".jpg", ".tiff"):
        path = tmp_path / f"a{kind}"
        path.write_bytes(cv2.imencode(kind, np.full((1500, 2000, 3), 255, np.uint8))[1].tobytes())
        read_picture(path)


def test_a_camera_of_which_only_bad_pictures_come_is_named_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "_RUNNING_S", 0.0)
    decoder = LiveDecoder(STREAM)
    assert decoder.decode(WHOLE) is not None
    assert decoder.decode(WHOLE[:MIDDLE] + END) is None and decoder.complaint == ""
    assert decoder.decode(FORMS["progressive"][:MIDDLE]) is None
    assert "only damaged pictures (2 in a row, the last: some of its scans" in decoder.complaint
    assert decoder.decode(WHOLE) is not None and decoder.complaint == ""


def test_pictures_that_are_too_large_are_named_at_once() -> None:
    decoder = LiveDecoder(STREAM)
    for _ in range(2):
        assert decoder.decode(declaring(12_000, 12_000)) is None
    assert "only too large pictures (2 in a row, the last: 12000x12000" in decoder.complaint
