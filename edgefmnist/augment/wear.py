"""What the search for a garment does to its outline: frayed, bitten, with something joined on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.augment.canvas import CANVAS, Pixels, Random, smooth_noise

_FRAYED, _BITTEN, _JOINED, _FILLED = 0.35, 0.15, 0.25, 0.1
"""Shares of the outlines that are frayed, lose a bite, gain a part, and have gaps closed."""

Chosen = npt.NDArray[np.bool_]
_NEXT = np.ones((3, 3), np.uint8)


def worn(mask: Pixels, rng: Random) -> tuple[Pixels, Chosen]:
    """Change a mask (uint8 of 0 and 1, [CANVAS, CANVAS]) at random.

    Returns: the new mask, and which of its pixels are not garment.
    """
    if rng.random() < _FRAYED:
        mask = _frayed(mask, rng)
    if rng.random() < _BITTEN:
        mask = _bitten(mask, rng)
    joined = mask
    if rng.random() < _JOINED:
        joined = mask | _neighbour(mask, rng)
    if rng.random() < _FILLED:
        # The gap between trouser legs, or between a sleeve and the body, taken for garment.
        reach = int(rng.integers(2, 6)) * 2 + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        joined = np.asarray(cv2.morphologyEx(joined, cv2.MORPH_CLOSE, disc), np.uint8)
    return joined, (joined > 0) & (mask == 0)


def largest(mask: Pixels) -> Pixels:
    """The largest connected part of a mask of 0 and 1."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count <= 2:
        return mask
    best = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(parts == best, np.uint8)


def _frayed(mask: Pixels, rng: Random) -> Pixels:
    soft = cv2.GaussianBlur(mask.astype(np.float32), (5, 5), rng.uniform(0.8, 1.8))
    noise = smooth_noise(rng, int(rng.integers(8, 22)), CANVAS) * rng.uniform(0.05, 0.22)
    return largest((soft + noise > 0.5).astype(np.uint8))


def _bitten(mask: Pixels, rng: Random) -> Pixels:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return mask
    at = rng.integers(len(rows))
    x, y = (int(place[at] + rng.normal(0, 4)) for place in (columns, rows))
    axes = (int(rng.uniform(1.5, 7)), int(rng.uniform(1.5, 7)))
    bitten = mask.copy()
    cv2.ellipse(bitten, (x, y), axes, rng.uniform(0, 180), 0, 360, 0, -1)
    return largest(bitten)


def _neighbour(mask: Pixels, rng: Random) -> Pixels:
    """A hanger's hook on top, a finger or a strap, or a piece of ground at the outline."""
    rows, columns = np.nonzero((mask > 0) & (cv2.erode(mask, _NEXT) == 0))
    other = np.zeros_like(mask)
    if not len(rows):  # all or nothing is garment: there is no outline
        return other
    at = int(rng.integers(len(rows)))
    kind = rng.random()
    if kind < 0.4:
        hook = kind < 0.2
        if hook:
            at = int(rows.argmin())
        angle = -np.pi / 2 if hook else rng.uniform(0, 2 * np.pi)
        length = rng.uniform(3, 10)
        start = (int(columns[at]), int(rows[at]))
        end = (int(start[0] + length * np.cos(angle)), int(start[1] + length * np.sin(angle)))
        cv2.line(other, start, end, 1, int(rng.integers(1, 4)))
    else:
        axes = (int(rng.uniform(2, 9)), int(rng.uniform(2, 9)))
        centre = (int(columns[at]), int(rows[at]))
        cv2.ellipse(other, centre, axes, rng.uniform(0, 180), 0, 360, 1, -1)
    return other
