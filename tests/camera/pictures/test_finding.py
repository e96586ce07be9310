"""What a camera found in a frame travels with it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgefmnist.camera.pictures.finding import finding_fields, outlines_of, read_finding

SEEN = np.arange(784, dtype=np.uint8).reshape(28, 28)


def kept(folder: Path, **other: Any) -> Path:
    """A photo with its record; other: fields of it that are otherwise."""
    photo = folder / "edgefmnist-00000001-20260131T120000Z.jpg"
    assert cv2.imwrite(str(photo), np.full((60, 80, 3), 90, np.uint8))
    mask = np.zeros((60, 80), np.uint8)
    mask[10:40, 20:50] = 255
    fields = finding_fields(SEEN, mask, photo.read_bytes())
    photo.with_suffix(".json").write_text(json.dumps({**fields, **other}))
    return photo


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    found = read_finding(kept(tmp_path))
    assert found is not None
    np.testing.assert_array_equal(found.picture, SEEN)
    drawn = np.zeros((60, 80), np.uint8)
    cv2.fillPoly(drawn, found.outlines, 255)
    assert np.all(drawn[10:40, 20:50] == 255) and np.count_nonzero(drawn) == 900


def test_that_nothing_was_found_comes_back_too(tmp_path: Path) -> None:
    found = read_finding(kept(tmp_path, picture=None, outlines=[]))
    assert found is not None and found.picture is None and found.outlines == ()


def test_outlines_are_no_finer_than_they_are_shown() -> None:
    mask = np.zeros((480, 640), np.uint8)
    cv2.circle(mask, (320, 240), 150, 255, -1)
    (outline,) = outlines_of(mask)
    again = cv2.fillPoly(np.zeros_like(mask), [outline], 255)
    assert len(outline) < 100
    assert np.count_nonzero(again != mask) < 0.02 * np.count_nonzero(mask)


def test_another_photo_has_another_garment(tmp_path: Path) -> None:
    photo = kept(tmp_path)
    assert cv2.imwrite(str(photo), np.full((60, 40, 3), 90, np.uint8))  # somebody cropped it
    assert read_finding(photo) is None


@pytest.mark.parametrize(
    "other",
    [
        {"preprocess": "camera-0"},
        {"preprocess": None},
        {"photo_sha256": hashlib.sha256(b"").hexdigest()},
        {"picture": base64.b64encode(bytes(783)).decode()},
        {"picture": "no base64!"},
        {"picture": 3},
        {"picture": "\u00e9"},
        {"outlines": None},
        {"outlines": ["1,2 3"]},
        {"outlines": ["1,2 -3,4"]},
        {"outlines": [[[1, 2]]]},
        {"outlines": ["1,2 " * 3_000]},
        {"outlines": ["1,2"] * 51},
    ],
)
def test_a_record_that_makes_no_sense_says_nothing(tmp_path: Path, other: dict[str, Any]) -> None:
    assert read_finding(kept(tmp_path, **other)) is None


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"{", b"\xff", b'{"preprocess": 1, "preprocess": 2}']
)
def test_nor_does_one_that_is_none(tmp_path: Path, record: bytes) -> None:
    photo = kept(tmp_path)
    photo.with_suffix(".json").write_bytes(record)
    assert read_finding(photo) is None
    photo.with_suffix(".json").unlink()
    assert read_finding(photo) is None
