"""Make pictures smaller by averaging areas: camera pictures are noisy, and this takes it away."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def shrink(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longest side at most `longest` pixels; small ones stay as they are."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    return resized(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture at (width, height) `size`; halving it first, as often as goes, is quickest."""
    while pixels.shape[1] >= 2 * size[0] and pixels.shape[0] >= 2 * size[1]:
        # Rows or columns over an even number would make OpenCV take its slow way.
        even = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
        half = (even.shape[1] // 2, even.shape[0] // 2)
        pixels = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
