"""What exposure, cloth and light do to a garment's tones."""

from __future__ import annotations

import cv2
import numpy as np

from edgefmnist.augment.canvas import (
    PICTURE_U,
    PICTURE_V,
    Fitted,
    Pixels,
    Plane,
    Random,
    smooth_noise,
)
from edgefmnist.preprocess.fit import SIDE

_EXPOSURE, _NEGATIVE, _PATTERN, _PRINT = 0.7, 0.2, 0.15, 0.15
_LIGHT, _FOLDS, _GRAIN = 0.3, 0.25, 0.5
"""Shares of the pictures that get another exposure, turned-over tones, a pattern, a printed patch,
uneven light, folds and grain."""


def finished(garment: Fitted, rng: Random) -> Pixels:
    """Draw a fitted garment, uint8 [28, 28]: cloth 1..255 on a ground of 0.

    Sharpened by an amount that goes from a soft lens to more than `preprocess.fit` uses.
    """
    tones = _changed(garment, rng)
    if garment.foreign.any():
        other = rng.uniform(10, 250) + rng.uniform(0, 12) * _grain(rng)
        tones = np.where(garment.foreign, np.clip(other, 1, 255), tones)
    filled = np.where(garment.kept, tones, tones[garment.kept].mean()).astype(np.float32)
    amount = np.float32(rng.uniform(-0.2, 0.5))
    sharp = filled + amount * (filled - cv2.GaussianBlur(filled, (3, 3), 1.0))
    return np.where(garment.kept, np.rint(np.clip(sharp, 1, 255)), 0).astype(np.uint8)


def reexposed(garment: Fitted, rng: Random) -> Pixels:
    """Draw a fitted garment in a slightly different light, uint8 [28, 28]."""
    contrast, brighter = np.exp(rng.normal(0, 0.15)), rng.normal(0, 20)
    mean = float(garment.tones[garment.kept].mean())
    tones = (garment.tones - mean) * contrast + mean + brighter
    return np.where(garment.kept, np.rint(np.clip(tones, 1, 255)), 0).astype(np.uint8)


def pattern(rng: Random) -> Plane:
    """Stripes, checks, flowers or clouds, float32 [28, 28], -1..1."""
    kind = rng.integers(4)
    x, y = PICTURE_U * (SIDE / 2), PICTURE_V * (SIDE / 2)
    if kind == 0:
        angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
        along = x * np.cos(angle) + y * np.sin(angle)
        return np.asarray(np.sin(along * rng.uniform(0.3, 2.6) + rng.uniform(0, 6)), np.float32)
    if kind == 1:
        pitch = rng.uniform(0.4, 2.2)
        checks = np.sin(x * pitch + rng.uniform(0, 6)) + np.sin(y * pitch + rng.uniform(0, 6))
        return np.asarray(checks / 2, np.float32)
    if kind == 2:
        return _flowers(rng)
    return _clouds(rng, int(rng.integers(4, 9)), 1.0)


def _changed(garment: Fitted, rng: Random) -> Plane:
    tones = _exposed(garment, rng)
    if rng.random() < _PATTERN:
        tones = tones + pattern(rng) * rng.uniform(8, 70)
    if rng.random() < _PRINT:
        inside = _patch(rng)
        printed = tones + rng.uniform(-90, 90) + _flowers(rng) * rng.uniform(0, 40)
        tones = np.where(inside, printed, tones)
    if rng.random() < _LIGHT:
        tones = tones + smooth_noise(rng, int(rng.integers(2, 6)), SIDE) * rng.uniform(4, 30)
    if rng.random() < _FOLDS:
        rows, columns = rng.integers(3, 12, 2)
        folds = cv2.resize(rng.standard_normal((rows, columns), np.float32), (SIDE, SIDE))
        tones = tones + folds * rng.uniform(5, 35)
    if rng.random() < _GRAIN:
        tones = tones + rng.uniform(1, 10) * _grain(rng)
    return np.asarray(np.clip(tones, 1, 255), np.float32)


def _exposed(garment: Fitted, rng: Random) -> Plane:
    """Another contrast and brightness; some turned over, as a dark print on pale cloth would be."""
    tones = garment.tones
    negative = rng.random() < _NEGATIVE
    if rng.random() < _EXPOSURE:
        contrast = rng.uniform(0.15, 1.1) * (-1 if negative else 1)
        mean = float(tones[garment.kept].mean())
        return np.asarray((tones - mean) * contrast + rng.uniform(70, 230), np.float32)
    return np.asarray(255 - tones * 0.8 if negative else tones, np.float32)


def _patch(rng: Random) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Where a chest print, a pocket or a logo is: an ellipse or a rounded rectangle."""
    u, v = rng.normal(0, 0.25), rng.normal(-0.1, 0.3)
    wide, high = rng.uniform(0.1, 0.5, 2)
    power = rng.choice([2, 4])
    inside: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
        np.abs((PICTURE_U - u) / wide) ** power + np.abs((PICTURE_V - v) / high) ** power < 1
    )
    return inside


def _flowers(rng: Random) -> Plane:
    return _clouds(rng, int(rng.integers(10, SIDE)), 1.2)


def _clouds(rng: Random, cells: int, strength: float) -> Plane:
    return np.asarray(np.clip(strength * smooth_noise(rng, cells, SIDE), -1, 1), np.float32)


def _grain(rng: Random) -> Plane:
    return rng.standard_normal((SIDE, SIDE), np.float32)
