"""Shoes as people photograph them: in pairs, from above, lying any way.

The data set shows one shoe from its side, toe to the left. From above a shoe is an oblong with an
opening at the heel; that is drawn here in the shoe's own tones.
"""

from __future__ import annotations

import cv2
import numpy as np

from edgefmnist.augment.canvas import (
    PICTURE_U,
    PICTURE_V,
    Cloth,
    Pixels,
    Plane,
    Random,
    Warp,
    lay,
)
from edgefmnist.preprocess.fit import SIDE
from edgefmnist.records import LABELS

SANDAL, SNEAKER, BOOT = (LABELS.index(name) for name in ("Sandal", "Sneaker", "Ankle boot"))
LABELS_OF_SHOES = (SANDAL, SNEAKER, BOOT)

_PAIRS = 0.6  # share of the shoes shown as pairs
_SOLES, _TWINS = 0.6, 0.2  # shares of the pairs seen from above, drawn in one of two ways
_SOLES_BOOT, _TWINS_BOOT = 0.25, 0.1  # boots stand
_NEXT = np.ones((3, 3), np.uint8)


def lay_shoes(cloth: Cloth, label: int, rng: Random) -> tuple[Plane, Pixels]:
    """Lay one shoe or a pair of it on the canvas; see `canvas.lay` for what is returned."""
    if rng.random() < _PAIRS:
        return _pair(cloth, label, rng)
    lying = rng.random() < 0.3
    warp = Warp(
        rotation=rng.uniform(-180, 180) if lying else rng.normal(0, 15),
        scale=(rng.uniform(0.8, 1.15), rng.uniform(0.8, 1.2)),
        shear=rng.normal(0, 0.1),
        mirror=bool(rng.random() < 0.5),
        waves=0.05 * rng.random(),
    )
    return lay(cloth, warp, rng)


def _pair(cloth: Cloth, label: int, rng: Random) -> tuple[Plane, Pixels]:
    soles, twins = (_SOLES_BOOT, _TWINS_BOOT) if label == BOOT else (_SOLES, _TWINS)
    kind = rng.random()
    above = kind < soles + twins
    if kind < soles:
        cloth = _from_above(cloth, label, rng)
    elif above:  # joined with its reflection a shoe's profile is an oblong too
        turned = cloth.flipped()
        cloth = Cloth(
            np.where(cloth.cover > 0, cloth.tones, turned.tones),
            np.maximum(cloth.cover, turned.cover),
        )
    size = rng.uniform(0.75, 0.9)
    scale = (size, size * (rng.uniform(0.75, 1.15) if above else rng.uniform(0.8, 1.2)))
    half = cloth.box[3] / SIDE * scale[1]
    if above:
        apart, along = half * rng.uniform(0.8, 1.12), rng.normal(0, 0.1)
        angle = rng.choice([90, -90]) + rng.normal(0, 15)
    else:  # seen obliquely, one behind the other
        apart, along = half * rng.uniform(0.15, 1.0), rng.normal(0, 0.3)
        angle = rng.normal(0, 15)
    if rng.random() < 0.4:
        angle = rng.uniform(-180, 180)
    mirrored = bool(rng.random() < 0.7) and (above or label != BOOT)
    other = cloth.flipped() if mirrored else cloth  # left and right foot
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    shift = (along * cos - apart * sin, along * sin + apart * cos)
    first = _foot(cloth, angle, scale, shift, rng)
    second = _foot(other, angle, scale, (-shift[0], -shift[1]), rng)
    return _beside(first, second, rng)


def _foot(
    cloth: Cloth, angle: float, scale: tuple[float, float], shift: tuple[float, float], rng: Random
) -> tuple[Plane, Pixels]:
    rotation, shear = angle + rng.normal(0, 7), rng.normal(0, 0.05)
    return lay(cloth, Warp(rotation=rotation, scale=scale, shear=shear, shift=shift), rng)


def _beside(
    first: tuple[Plane, Pixels], second: tuple[Plane, Pixels], rng: Random
) -> tuple[Plane, Pixels]:
    """Both on one canvas, the second in front, some with an edge of light or shadow between."""
    front = second[1] > 0
    tones = np.where(front, second[0] + np.float32(rng.normal(0, 8)), first[0])
    if rng.random() < 0.6:
        edge = front & (cv2.erode(second[1], _NEXT) == 0) & (first[1] > 0)
        tones = np.where(edge, np.clip(tones + rng.uniform(-80, 80), 1, 255), tones)
    return tones.astype(np.float32), first[1] | second[1]


def _from_above(cloth: Cloth, label: int, rng: Random) -> Cloth:
    """An oblong of the shoe's tones, heel to the left: opening, and laces or straps across."""
    width = rng.uniform(0.3, 0.44)
    along = np.clip(np.abs(PICTURE_U), 0, 1)
    half = width * (1 - along ** rng.uniform(2.2, 4)) ** 0.5
    half *= 1 + rng.uniform(-0.12, 0.12) * PICTURE_U  # wider at the ball
    half *= 1 - rng.uniform(0, 0.22) * np.exp(-(((PICTURE_U + 0.15) / 0.3) ** 2))  # the arch
    across = PICTURE_V - rng.normal(0, 0.05) * (1 - 2 * PICTURE_U**2)
    inside = np.abs(across) < half
    tones = cloth.tones
    if rng.random() < 0.8:
        opening = ((PICTURE_U + rng.uniform(0.3, 0.6)) / rng.uniform(0.2, 0.5)) ** 2
        opening += (across / (width * rng.uniform(0.45, 0.85))) ** 2
        step = rng.choice([-1, 1]) * rng.uniform(20, 130)
        tones = np.where(opening < 1, tones + step, tones)
    x = PICTURE_U * (SIDE / 2)
    if rng.random() < 0.5:
        pitch = rng.uniform(0.5, 1.4) if label == SANDAL else rng.uniform(1.2, 2.8)
        laced = np.abs(PICTURE_U - rng.uniform(-0.1, 0.4)) < rng.uniform(0.1, 0.4)
        bars = np.sin(x * pitch + rng.uniform(0, 6)) * rng.uniform(10, 90)
        tones = np.where(laced, tones + bars, tones)
    if label == SANDAL and rng.random() < 0.5:  # the ground seen between the straps
        straps = np.sin(x * rng.uniform(0.5, 1.1) + rng.uniform(0, 6)) > -0.5
        inside &= straps | (np.abs(across) > half * 0.75)
    return Cloth(np.clip(tones, 1, 255).astype(np.float32), inside.astype(np.float32))
