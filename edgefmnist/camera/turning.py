"""Turning and cutting pictures: as a `View` asks, and as a file's EXIF orientation says."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.camera.view import View

_CODES = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
_TURNS = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}  # by EXIF's number, after the mirror
_MIRRORED = (2, 4, 5, 7)


def seen(pixels: npt.NDArray[np.uint8], view: View) -> npt.NDArray[np.uint8]:
    """A picture, uint8 [height, width, 3], in `view`: contiguous; the same where that is all."""
    if view.rotate:
        pixels = np.asarray(cv2.rotate(pixels, _CODES[view.rotate]), np.uint8)
    if view.flip:
        pixels = np.asarray(cv2.flip(pixels, 1 if view.flip == "horizontal" else 0), np.uint8)
    if view.crop is not None:
        left, top, width, height = view.part((pixels.shape[1], pixels.shape[0]))
        pixels = np.ascontiguousarray(pixels[top : top + height, left : left + width])
    return pixels


def upright(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """A picture as it was seen; orientation: EXIF's number, 1 (as it is) to 8."""
    if orientation in _MIRRORED:
        pixels = np.asarray(cv2.flip(pixels, 1))
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.asarray(cv2.rotate(pixels, _CODES[turn]))
