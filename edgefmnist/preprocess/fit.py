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

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

SIDE = 28
"""Side in pixels of the pictures of Fashion-MNIST."""

_LEAST_MEAN = 80.0  # Fashion-MNIST left white products out: below this a garment would vanish
_COVERED = 0.7  # share of a small pixel that must be garment for it to count as garment
_SHARPENING = 0.3


def fit(bgr: Pixels, mask: Pixels) -> Pixels | None:
    """The garment under `mask`, uint8 [28, 28]: longest side 28, centred, 1..255 on exact 0.

    bgr: uint8 [h, w, 3]; mask: uint8 [h, w] of 0 and 255. None where nothing is left to draw.
    """
    x, y, width, height = cv2.boundingRect(mask)
    if width == 0 or height == 0:
        return None
    window = np.s_[y : y + height, x : x + width]
    inside = mask[window] > 0
    tones = garment_tones(bgr[window], inside)
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cover = inside.astype(np.float32)
    small_cover = _resized(cover, size)
    # Dividing by the cover keeps the ground's zero out of the tones along the outline.
    mean = _resized(tones * cover, size) / np.maximum(small_cover, np.float32(1e-3))
    kept = small_cover >= min(_COVERED, float(small_cover.max()))
    small = _sharpened(np.asarray(mean, np.float32), kept)
    picture = np.zeros((SIDE, SIDE), np.uint8)
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    picture[top : top + size[1], left : left + size[0]] = np.where(kept, np.rint(small), 0)
    return picture


def garment_tones(bgr: Pixels, inside: npt.NDArray[np.bool_]) -> Plane:
    """Negated grey levels, float32 [h, w] of 1..255, lifted as a whole where the cloth is white.

    Stretching the contrast was measured too and loses accuracy: how dark a garment is tells the
    classes apart.
    """
    negative = 255 - cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lift = max(0.0, _LEAST_MEAN - float(negative[inside].mean()))
    return np.asarray(np.clip(negative + np.float32(lift), 1, 255), np.float32)


def _sharpened(small: Plane, kept: npt.NDArray[np.bool_]) -> Plane:
    """Unsharp masking with sigma 1.0; the ground counts as the garment's mean, so no halo forms."""
    filled = np.where(kept, small, small[kept].mean()).astype(np.float32)
    blurred = cv2.GaussianBlur(filled, (0, 0), 1.0)
    return np.asarray(np.clip(filled + _SHARPENING * (filled - blurred), 1, 255), np.float32)


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
