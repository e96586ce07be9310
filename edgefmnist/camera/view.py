"""Which way up a camera's pictures are, and which part of them counts.

What ``--rotate``, ``--flip`` and ``--crop`` ask for; `turning` does it.
"""

from __future__ import annotations

import dataclasses
import math

from edgefmnist.errors import UsageError

Size = tuple[int, int]

ROTATIONS = (90, 180, 270)
FLIPS = ("horizontal", "vertical")

_ROUNDING = 1e-9  # that 0.1 + 0.9 may be over 1
_LEAST_SHARE = 0.01  # less shows no garment, and is a slip


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

    def size(self, size: Size) -> Size:
        """Width and height of what a picture of `size` becomes."""
        width, height = size if self.rotate % 180 == 0 else size[::-1]
        return self.part((width, height))[2:]

    def words(self) -> str:
        """As options of the command, empty where nothing is changed."""
        given = [f"--rotate {self.rotate}"] * bool(self.rotate)
        given += [f"--flip {self.flip}"] * bool(self.flip)
        if self.crop is not None:
            given.append("--crop " + ",".join(f"{share:g}" for share in self.crop))
        return " ".join(given)

    def part(self, turned: Size) -> tuple[int, int, int, int]:
        """Left, top, width and height of what is kept of the turned picture: a pixel at least."""
        width, height = turned
        if self.crop is None:
            return 0, 0, width, height
        left = min(round(self.crop[0] * width), width - 1)
        top = min(round(self.crop[1] * height), height - 1)
        right = min(round((self.crop[0] + self.crop[2]) * width), width)
        bottom = min(round((self.crop[1] + self.crop[3]) * height), height)
        return left, top, max(1, right - left), max(1, bottom - top)


def read_view(rotate: str | None, flip: str | None, crop: str | None) -> View:
    """The view that the three options ask for; None where one was not given.

    Raises: UsageError.
    """
    if rotate is not None and rotate not in map(str, (0, *ROTATIONS)):
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
    if min(width, height) < _LEAST_SHARE:
        raise UsageError(f"--crop {text}: WIDTH and HEIGHT must be {_LEAST_SHARE} or more")
    if left + width > 1 + _ROUNDING or top + height > 1 + _ROUNDING:
        raise UsageError(
            f"--crop {text} reaches out of the picture: X + WIDTH and Y + HEIGHT must be at most 1"
        )
    return left, top, width, height
