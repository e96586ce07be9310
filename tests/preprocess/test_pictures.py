"""Garments in view: where they are found and how they are drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgefmnist.preprocess import Preprocessor
from tests.preprocess.drawing import GROUNDS, TROUSERS, TSHIRT, ground, lay

BOX = (200, 90, 260, 290)
LONGEST = 290


def prepared(scene):
    found = Preprocessor().prepare(scene)
    assert found.picture is not None, "the garment was not found"
    return found


def correlation(one, other):
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def drawn_part(picture):
    """First and last row and column of the garment."""
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.mark.parametrize("kind", GROUNDS)
@pytest.mark.parametrize(("garment", "behind"), [(40, 200), (210, 50)])
def test_box_and_mask_lie_on_the_garment(kind, garment, behind):
    scene = lay(ground(kind, behind), TSHIRT, BOX, garment)
    found = prepared(scene)
    assert found.box == pytest.approx(BOX, abs=12)
    truth = lay(np.zeros_like(scene), TSHIRT, BOX, 255)[..., 0] > 127
    assert found.mask.shape == truth.shape
    assert found.mask.dtype == np.uint8
    assert set(np.unique(found.mask)) == {0, 255}
    mask = found.mask > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.93


@pytest.mark.parametrize(("garment", "behind"), [(120, 150), (150, 120), (45, 15), (225, 252)])
def test_tone_on_tone_is_found(garment, behind):
    scene = lay(ground("plain", behind), TSHIRT, BOX, garment)
    truth = lay(np.zeros_like(scene), TSHIRT, BOX, 255)[..., 0] > 127
    mask = prepared(scene).mask > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


def test_garment_that_touches_the_frame_is_found():
    box = (180, 200, 300, 290)  # its hem lies beyond the lower rim
    scene = lay(ground("grain", 200), TSHIRT, box, 40)
    truth = lay(np.zeros_like(scene), TSHIRT, box, 255)[..., 0] > 127
    mask = prepared(scene).mask > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.85


def test_garment_is_found_on_bold_stripes():
    scene = ground("plain", 200)
    scene[:, (np.arange(640) // 40) % 2 == 0] = (90, 150, 120)
    scene = lay(scene, TSHIRT, BOX, 30)
    truth = lay(np.zeros_like(scene), TSHIRT, BOX, 255)[..., 0] > 127
    mask = prepared(scene).mask > 0
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


@pytest.mark.parametrize("outline", [TSHIRT, TROUSERS])
@pytest.mark.parametrize("box", [(200, 90, 260, 290), (150, 150, 330, 200), (250, 40, 130, 400)])
def test_garment_spans_the_picture_and_is_centred(outline, box):
    picture = prepared(lay(ground("plain"), outline, box, 50)).picture
    assert picture.shape == (28, 28)
    assert picture.dtype == np.uint8
    top, bottom, left, right = drawn_part(picture)
    assert max(bottom - top, right - left) + 1 >= 27
    assert abs(top - (27 - bottom)) <= 2
    assert abs(left - (27 - right)) <= 2


def test_ground_is_exactly_zero_and_the_garment_never_is():
    picture = prepared(lay(ground("grain", 120), TSHIRT, BOX, 250)).picture
    truth = lay(np.zeros((480, 640, 3), np.uint8), TSHIRT, BOX, 255)
    expected = prepared(cv2.bitwise_not(truth)).picture > 0
    assert (picture[~expected] == 0).mean() > 0.95
    assert (picture[expected] > 0).mean() > 0.95


def test_dark_cloth_is_brighter_than_light_cloth_and_white_cloth_stays_visible():
    dark = prepared(lay(ground("plain", 200), TSHIRT, BOX, 40)).picture
    white = prepared(lay(ground("plain", 60), TSHIRT, BOX, 250)).picture
    assert np.median(dark[dark > 0]) > 200
    assert 60 < np.median(white[white > 0]) < 120
    assert np.median(dark[dark > 0]) > np.median(white[white > 0])
    assert correlation(dark > 0, white > 0) > 0.9


def test_pattern_of_the_cloth_survives():
    scene = lay(ground("plain", 230), TSHIRT, BOX, 120)
    scene[250:300, 265:395] = 20  # a dark print
    picture = prepared(scene).picture.astype(int)
    assert picture[17:19, 12:16].mean() - picture[5:9, 12:16].mean() > 60


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    scale=st.floats(0.6, 1.4),
    x=st.integers(20, 250),
    y=st.integers(15, 60),
)
def test_size_and_place_do_not_matter(scale, x, y):
    reference = prepared(lay(ground("plain"), TSHIRT, BOX, 50)).picture
    box = (x, y, round(260 * scale), round(LONGEST * scale))
    picture = prepared(lay(ground("plain", seed=1), TSHIRT, box, 50)).picture
    assert correlation(reference, picture) > 0.8  # one row of 28 more or less counts for 0.1


@pytest.mark.parametrize("factor", [0.1, 0.25, 4])
def test_resolution_of_the_source_does_not_matter(factor):
    scene = lay(ground("plain"), TSHIRT, BOX, 50)
    resized = cv2.resize(scene, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    found = prepared(resized)
    assert found.mask.shape == resized.shape[:2]
    assert found.box == pytest.approx(tuple(factor * v for v in BOX), abs=max(2, 12 * factor))
    assert correlation(found.picture, prepared(scene).picture) > 0.9


def test_same_picture_gives_the_same_answer_and_is_left_alone():
    scene = lay(ground("grain"), TSHIRT, BOX, 50)
    before = scene.copy()
    first = prepared(scene)
    cv2.setRNGSeed(99)
    second = prepared(scene)
    assert np.array_equal(scene, before)
    assert first.box == second.box
    assert np.array_equal(first.picture, second.picture)
