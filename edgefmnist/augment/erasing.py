"""Erasing a part of a picture, so that a network learns from all of it."""

from __future__ import annotations

import numpy as np

from edgefmnist.augment.canvas import Pixels, Random

_LEAST, _MOST = 0.02, 0.33  # share of the picture's area
_FLATTEST = 0.3  # least height by width; its inverse is the most


def erased(picture: Pixels, rng: Random) -> Pixels:
    """Fill a rectangle of a picture, uint8 [h, w], with noise.

    Zhong et al. 2017, "Random Erasing Data Augmentation" (arXiv:1708.04896), section 3, with its
    sizes; aspects are drawn evenly on a logarithmic scale.
    """
    height, width = picture.shape
    area = rng.uniform(_LEAST, _MOST) * picture.size
    aspect = np.exp(rng.uniform(np.log(_FLATTEST), -np.log(_FLATTEST)))
    high = min(height, max(1, round(np.sqrt(area * aspect))))
    wide = min(width, max(1, round(np.sqrt(area / aspect))))
    top, left = rng.integers(height - high + 1), rng.integers(width - wide + 1)
    result = picture.copy()
    result[top : top + high, left : left + wide] = rng.integers(0, 256, (high, wide), np.uint8)
    return result
