"""Garments of which colors find only a part: white on white, a print, a tie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgefmnist.preprocess import Preprocessor
from tests.preprocess.drawing import TSHIRT, ground, lay

BOX = (180, 60, 300, 350)
PRINT = np.s_[190:270, 270:390]
TIE = np.s_[80:330, 310:350]


def shirt_on(level, behind):
    """A shirt nearly as bright as its unevenly lit ground, with a thin shadow; where it lies."""
    scene = ground("gradient", behind)
    inside = lay(np.zeros_like(scene), TSHIRT, BOX, 255)[..., 0]
    soft = cv2.GaussianBlur(inside, (0, 0), 4).astype(np.float32) / 255
    scene = (scene * (1 - 0.15 * soft[..., None])).astype(np.uint8)
    return lay(scene, TSHIRT, BOX, level), inside > 127


def overlap(scene, truth):
    mask = Preprocessor().prepare(scene).mask
    assert mask is not None
    return ((mask > 0) & truth).sum() / ((mask > 0) | truth).sum()


@pytest.mark.parametrize(("level", "behind"), [(238, 222), (246, 226), (250, 232)])
def test_white_shirt_on_white_ground_is_not_its_print(level, behind):
    scene, truth = shirt_on(level, behind)
    scene[PRINT] = (40, 40, 200)
    assert overlap(scene, truth) > 0.85


@pytest.mark.parametrize(("level", "behind"), [(40, 60), (70, 90), (240, 215), (250, 232)])
def test_suit_is_not_its_tie(level, behind):
    scene, truth = shirt_on(level, behind)
    scene[TIE] = (30, 30, 220)
    assert overlap(scene, truth) > 0.85


def test_dark_garment_is_not_the_tile_that_it_lies_on():
    scene = ground("plain", 205)
    scene[:, ::300] = scene[:, 1::300] = scene[:, 2::300] = 130
    scene[30::420] = scene[31::420] = scene[32::420] = 130
    scene = lay(scene, TSHIRT, (370, 160, 150, 170), 50)
    truth = lay(np.zeros_like(scene), TSHIRT, (370, 160, 150, 170), 255)[..., 0] > 127
    assert overlap(scene, truth) > 0.85


@pytest.mark.parametrize("kind", ["tiles", "planks", "sheet"])
def test_lines_of_the_ground_enclose_nothing(kind):
    scene = ground("plain", 215)
    if kind == "tiles":
        scene[::160] = scene[1::160] = 160
        scene[:, ::160] = scene[:, 1::160] = 160
    elif kind == "planks":
        scene[::90] = scene[1::90] = 150
        scene[:90, 300:302] = scene[90:180, 150:152] = 150
    else:
        cv2.ellipse(scene, (320, 240), (400, 90), 30, 0, 360, (200, 200, 200), 9)
    assert Preprocessor().prepare(scene).picture is None
