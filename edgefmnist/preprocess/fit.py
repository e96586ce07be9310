"""Draw a segmented garment the way Fashion-MNIST draws its products.

Its pipeline (Xiao et al. 2017, section 2) trims the picture to the product, resizes the longest
edge to 28, sharpens with a Gaussian of sigma 1.0, centres on 28x28, negates, and makes it an
8-bit grey. Two things differ here. Areas are averaged where the paper subsamples: camera pictures
are noisy. And sharpening is milder, since a camera sharpens already.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess.shrink import resized

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

SIDE = 28
"""Side in pixels of the pictures of Fashion-MNIST."""

_FINER = 4  # samples along each side of a pixel of the 28x28 picture from which it is averaged
_LEAST_MEAN = 80.0  # Fashion-MNIST left white products out: below this a garment would vanish
COVERED = 0.7  # share of a small pixel that must be garment for it to count as garment
_SHARPENING = 0.3


def fit(bgr: Pixels, mask: Pixels) -> Pixels | None:
    """The garment under `mask`, uint8 [28, 28]: longest side 28, centred, 1..255 on exact 0.

    bgr: uint8 [h, w, 3]; mask: uint8 [h, w] of 0 and 255. None where nothing is left to draw.
    """
    x, y, width, height = cv2.boundingRect(mask)
    if width == 0 or height == 0:
        return None
    window = np.s_[y : y + height, x : x + width]
    size = fitted_size(width, height)
    # Everything costs less at a few times the size of the answer than at that of the photo.
    finer = (_FINER * size[0], _FINER * size[1])
    inside = resized(mask[window], finer) > 127
    if not inside.any():
        return None
    tones = garment_tones(resized(bgr[window], finer), inside)
    cover = inside.astype(np.float32)
    small_cover = averaged(cover, size)
    # Dividing by the cover keeps the ground's zero out of the tones along the outline.
    mean = np.divide(averaged(tones * cover, size), np.maximum(small_cover, 1e-3), dtype=np.float32)
    kept = small_cover >= min(COVERED, float(small_cover.max()))
    small = sharpened(mean, kept)
    return centred(np.where(kept, np.rint(small), 0).astype(np.uint8))


def fitted_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) with the longer of the two brought to 28."""
    scale = SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def corner(size: tuple[int, int]) -> tuple[int, int]:
    """(x, y) on the 28x28 at which a picture of `size` (width, height) begins, to be in its middle.

    As ImageMagick centres: where it does not come out even, left and top are the wider.
    """
    return SIDE // 2 - size[0] // 2, SIDE // 2 - size[1] // 2


def whole_scene(bgr: Pixels) -> Pixels:
    """A whole picture, uint8 [h, w, 3], as if it were the garment: uint8 [28, 28]."""
    small = resized(bgr, fitted_size(bgr.shape[1], bgr.shape[0]))
    return centred(255 - np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8))


def garment_tones(bgr: Pixels, inside: npt.NDArray[np.bool_]) -> Plane:
    """Negated grey levels, float32 [h, w] of 1..255, lifted as a whole where the cloth is white.

    Stretching the contrast was measured too and loses accuracy: how dark a garment is tells the
    classes apart.
    """
    negative = 255 - cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lift = max(0.0, _LEAST_MEAN - float(negative[inside].mean()))
    return np.asarray(np.clip(negative + np.float32(lift), 1, 255), np.float32)


def sharpened(small: Plane, kept: npt.NDArray[np.bool_]) -> Plane:
    """Unsharp masking with sigma 1.0; the ground counts as the garment's mean, so no halo forms."""
    filled = np.where(kept, small, small[kept].mean()).astype(np.float32)
    blurred = cv2.GaussianBlur(filled, (0, 0), 1.0)
    return np.asarray(np.clip(filled + _SHARPENING * (filled - blurred), 1, 255), np.float32)


def centred(small: Pixels) -> Pixels:
    """A picture of at most 28x28 in the middle of one of 28x28 that is 0 all around it."""
    height, width = small.shape
    left, top = corner((width, height))
    picture = np.zeros((SIDE, SIDE), np.uint8)
    picture[top : top + height, left : left + width] = small
    return picture


def averaged(plane: Plane, size: tuple[int, int]) -> Plane:
    """A plane at (width, height) `size`, each of its values the mean of an area."""
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
