"""Whether a live camera's frame shows anything: not the one before once more, not one colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.events import Fault
from edgefmnist.camera.sources.opencv import cv2

_BLOCKS = (8, 6)  # the picture is averaged to this: sensor noise vanishes, structure does not
_LINES = 120  # of the picture that are looked at: more would tell the same and cost more
_SPAN = 3.0  # levels between the lightest and the darkest block of a picture that shows nothing
_BLACK = 24.0  # mean level up to which that is called black: sensors' black is not 0


class Content:
    """Looks at each frame of a live source in turn."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._before: npt.NDArray[np.uint8] | None = None

    def fault(self, pixels: npt.NDArray[np.uint8], *, proven_new: bool = False) -> Fault:
        """What is wrong with `pixels`, uint8 [height, width, 3]; empty where nothing is.

        frozen: each byte is that of the frame before, and nothing but its noise could show that a
        frame is new. The noise of a raw camera keeps two frames from being equal; a driver that
        lost its camera gives its last buffer for ever (opencv issue 5221). A video encoder removes
        noise: there `Frame.proven_new` says it.
        """
        before, self._before = self._before, pixels
        step = max(1, min(pixels.shape[:2]) // _LINES)
        few = np.ascontiguousarray(pixels[::step, ::step])
        blocks = cv2.resize(few, _BLOCKS, interpolation=cv2.INTER_AREA).reshape(-1, 3)
        if float(np.ptp(blocks, axis=0).max()) <= _SPAN:
            return "black" if float(blocks.mean()) <= _BLACK else "uniform"
        if proven_new or before is None:
            return ""
        return "frozen" if _equal(before, pixels) else ""


def _equal(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    """Whether all bytes agree; the first row tells most frames apart."""
    if one.shape != other.shape or not np.array_equal(one[0], other[0]):
        return False
    return np.array_equal(one, other)
