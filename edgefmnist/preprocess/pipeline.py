"""Find the garment, crop it, fit it to 28x28: the steps in order."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess.background import Background
from edgefmnist.preprocess.find import WORK_SIDE, at_least_half, find_garment
from edgefmnist.preprocess.fit import fit
from edgefmnist.preprocess.shrink import shrink

Pixels = npt.NDArray[np.uint8]

PREPROCESS_ID = "camera-3"
"""Name of this way of preparing pictures; a model bundle records it.

Change it whenever the same picture would come out differently.
"""


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
    """Turns camera pictures into 28x28 pictures; without a background it keeps no state."""

    def __init__(self, background: Background | None = None) -> None:
        """Search for the garment, or compare with a fixed camera's `background` while it fits."""
        self._background = background

    @property
    def background_fits(self) -> bool | None:
        """Whether the learned background still does; None without one."""
        return None if self._background is None else self._background.fits

    def prepare(self, pixels_bgr: Pixels) -> Prepared:
        """Find the garment in a picture and draw it the way Fashion-MNIST does.

        pixels_bgr: uint8 [height, width, 3] in B, G, R order, of any size.

        Raises: ValueError where the array is not such a picture; BadInput where the first is not of
        the background's size.
        """
        if pixels_bgr.ndim != 3 or pixels_bgr.shape[2] != 3 or pixels_bgr.dtype != np.uint8:
            raise ValueError(
                "want a picture of uint8 [height, width, 3], "
                f"got {pixels_bgr.dtype} {list(pixels_bgr.shape)}"
            )
        if pixels_bgr.size == 0:
            return Prepared()
        found = self._find(pixels_bgr)
        if found is None:
            return Prepared()
        mask = at_size_of(pixels_bgr, found)
        picture = fit(pixels_bgr, mask)
        if picture is None:
            return Prepared()
        x, y, width, height = cv2.boundingRect(mask)
        return Prepared(picture=picture, box=(x, y, width, height), mask=mask)

    def _find(self, pixels_bgr: Pixels) -> Pixels | None:
        """Mask of the garment at some smaller size, None without one."""
        if self._background is not None:
            found = self._background.find(pixels_bgr)
            if self._background.fits:
                return found
        return find_garment(shrink(pixels_bgr, WORK_SIDE))


def at_size_of(pixels: Pixels, found: Pixels) -> Pixels:
    """What was found, enlarged to a picture's size: 255 where half or more is garment, else 0."""
    height, width = pixels.shape[:2]
    grown = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    return at_least_half(np.asarray(grown, np.uint8))
