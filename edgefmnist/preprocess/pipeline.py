"""Find the garment, crop it, fit it to 28x28: the steps in order."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess.find import WORK_SIDE, find_garment
from edgefmnist.preprocess.fit import fit

Pixels = npt.NDArray[np.uint8]

PREPROCESS_ID = "grabcut-1"
"""Name of this way of preparing pictures; a model bundle records it.

Change it whenever the same picture would come out differently.
"""

_CROP_SIDE = 480  # longest side from which the garment is cut: enough for 28 pixels, and quick


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found in one picture; all three are None where no garment stands out.

    picture: uint8 [28, 28], the garment 1..255 on a ground of exactly 0, dark cloth bright.
    box: (x, y, width, height) of the garment in pixels of the source picture.
    mask: uint8 [height, width] of the source picture, 255 on the garment, else 0.
    """

    picture: Pixels | None = None
    box: tuple[int, int, int, int] | None = None
    mask: Pixels | None = None


class Preprocessor:
    """Turns camera pictures into 28x28 pictures; keeps no state between pictures."""

    def prepare(self, pixels_bgr: Pixels) -> Prepared:
        """Find the garment in a picture and draw it the way Fashion-MNIST does.

        pixels_bgr: uint8 [height, width, 3] in B, G, R order, of any size.

        Raises: ValueError where the array is not such a picture.
        """
        if pixels_bgr.ndim != 3 or pixels_bgr.shape[2] != 3 or pixels_bgr.dtype != np.uint8:
            raise ValueError(
                "want a picture of uint8 [height, width, 3], "
                f"got {pixels_bgr.dtype} {list(pixels_bgr.shape)}"
            )
        if pixels_bgr.size == 0:
            return Prepared()
        found = find_garment(shrink(pixels_bgr, WORK_SIDE))
        if found is None:
            return Prepared()
        source = shrink(pixels_bgr, _CROP_SIDE)
        picture = fit(source, _at_size_of(source, found))
        mask = _at_size_of(pixels_bgr, found)
        x, y, width, height = cv2.boundingRect(mask)
        return Prepared(picture=picture, box=(x, y, width, height), mask=mask)


def shrink(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longest side at most `longest` pixels; small ones stay as they are."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _at_size_of(pixels: Pixels, mask: Pixels) -> Pixels:
    """A 0/255 mask enlarged to a picture's size, with a smooth outline."""
    height, width = pixels.shape[:2]
    if mask.shape == (height, width):
        return mask
    grown = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(grown >= 128, 255, 0).astype(np.uint8)
