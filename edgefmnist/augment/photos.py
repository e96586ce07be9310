"""What the camera's path made of a real photo, as it might have made of another one."""

from __future__ import annotations

import numpy as np

from edgefmnist.augment.canvas import Pixels, Random, Warp, fitted, lay, lift
from edgefmnist.augment.tones import finished, reexposed
from edgefmnist.augment.wear import worn

_WORN, _FINISHED = 0.5, 0.4
"""Shares of the pictures whose outline is changed as a search for it would err, and whose tones
are changed as much as a product photo's; the others get a little exposure only."""


def retaken(picture: Pixels, rng: Random) -> Pixels:
    """Change a picture of a real thing, uint8 [28, 28], cut out on a ground of exactly 0.

    It lies a little differently in another light. Returns the same shape and range; the picture
    itself where nothing would be left.
    """
    cloth = lift(picture, halo=0)
    if cloth.empty:
        return picture
    warp = Warp(
        rotation=rng.normal(0, 9),
        scale=(float(np.exp(rng.normal(0, 0.08))), float(np.exp(rng.normal(0, 0.08)))),
        shear=rng.normal(0, 0.06),
        mirror=bool(rng.random() < 0.5),
        taper=rng.normal(0, 0.06),
        waves=0.03 * rng.random(),
    )
    tones, mask = lay(cloth, warp, rng)
    foreign = np.zeros(mask.shape, np.bool_)
    if rng.random() < _WORN:
        mask, foreign = worn(np.ascontiguousarray(mask), rng)
    small = fitted(tones, mask, foreign)
    if small is None or not small.kept.any():
        return picture
    return finished(small, rng) if rng.random() < _FINISHED else reexposed(small, rng)
