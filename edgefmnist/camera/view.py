"""Which way up a picture is, and which part of it counts.

`upright` undoes how a camera was held, as its files say (EXIF); `View` is what the user asks for:
``--rotate``, ``--flip`` and ``--crop``.
"""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.errors import UsageError

Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]

ROTATIONS = (90, 180, 270)
FLIPS = ("horizontal", "vertical")

_ROUNDING = 1e-9  # that 0.1 + 0.9 may be over 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How pictures are turned and cut before anything else sees them, in this order.

    rotate: 0 or one of `ROTATIONS`, degrees clockwise. flip: empty or one of `FLIPS`: left and
    right, or top and bottom, change places. crop: left, top, width and height of what is kept, as
    shares (0..1) of the turned picture, so that they hold for every size; None keeps all.
    """

    rotate: int = 0
    flip: str = ""
    crop: tuple[float, float, float, float] | None = None

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return self != View()

    def of(self, pixels: Pixels) -> Pixels:
        """A picture, uint8 [height, width, 3], seen this way: contiguous; the same where it is all.

        What is cropped is one pixel wide and high at least.
        """
        if self.rotate:
            pixels = _rotated(pixels, self.rotate)
        if self.flip:
            pixels = np.asarray(cv2.flip(pixels, 1 if self.flip == "horizontal" else 0), np.uint8)
        if self.crop is not None:
            left, top, width, height = self._part(pixels.shape[1], pixels.shape[0])
            pixels = np.ascontiguousarray(pixels[top : top + height, left : left + width])
        return pixels

    def size(self, size: Size) -> Size:
        """Width and height of what `of` makes of a picture of `size`."""
        width, height = size if self.rotate % 180 == 0 else size[::-1]
        return self._part(width, height)[2:] if self.crop is not None else (width, height)

    def words(self) -> str:
        """As options of the command, empty where nothing is changed."""
        given = [f"--rotate {self.rotate}"] * bool(self.rotate)
        given += [f"--flip {self.flip}"] * bool(self.flip)
        if self.crop is not None:
            given.append("--crop " + ",".join(f"{share:g}" for share in self.crop))
        return " ".join(given)

    def _part(self, width: int, height: int) -> tuple[int, int, int, int]:
        assert self.crop is not None
        left, top = round(self.crop[0] * width), round(self.crop[1] * height)
        right = round((self.crop[0] + self.crop[2]) * width)
        bottom = round((self.crop[1] + self.crop[3]) * height)
        left, top = min(left, width - 1), min(top, height - 1)
        return left, top, max(1, right - left), max(1, bottom - top)


def read_view(rotate: str | None, flip: str | None, crop: str | None) -> View:
    """The view that the three options ask for; None where one was not given.

    Raises: UsageError.
    """
    if rotate is not None and rotate not in map(str, ROTATIONS):
        raise UsageError(f"--rotate {rotate}: want 90, 180 or 270, in degrees clockwise")
    if flip is not None and flip not in FLIPS:
        raise UsageError(f"--flip {flip}: want horizontal or vertical; --rotate 180 is both")
    return View(
        rotate=int(rotate or 0), flip=flip or "", crop=None if crop is None else _shares(crop)
    )


def _shares(text: str) -> tuple[float, float, float, float]:
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        left = math.nan
    if math.isnan(left):
        raise UsageError(
            f"--crop {text}: want X,Y,WIDTH,HEIGHT as shares of the picture, such as "
            "0.25,0,0.5,1 for the middle half"
        )
    if not all(0 <= share <= 1 for share in (left, top, width, height)):
        raise UsageError(
            f"--crop {text}: want shares from 0 to 1: pixels divided by the picture's width or "
            "height"
        )
    if not (width > 0 and height > 0):
        raise UsageError(f"--crop {text}: WIDTH and HEIGHT must be over 0")
    if left + width > 1 + _ROUNDING or top + height > 1 + _ROUNDING:
        raise UsageError(
            f"--crop {text} reaches out of the picture: X + WIDTH and Y + HEIGHT must be at most 1"
        )
    return left, top, width, height


def upright(pixels: npt.NDArray[np.generic], orientation: int) -> npt.NDArray[np.generic]:
    """A picture as it was seen; orientation: EXIF's number, 1 (as it is) to 8."""
    if orientation in (2, 4, 5, 7):
        pixels = np.asarray(cv2.flip(pixels, 1))  # type: ignore[call-overload]
    turn = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}.get(orientation)
    return pixels if turn is None else _rotated(pixels, turn)  # type: ignore[arg-type]


def _rotated(pixels: Pixels, degrees: int) -> Pixels:
    code = {
        90: cv2.ROTATE_90_CLOCKWISE,
        180: cv2.ROTATE_180,
        270: cv2.ROTATE_90_COUNTERCLOCKWISE,
    }[degrees]
    return np.asarray(cv2.rotate(pixels, code))
