"""Find the garment in a picture: cut it out from coarse to fine, keep one component, test it.

What is cut out must differ from its surroundings all along its outline, or nothing was found.
Where that leaves little or nothing, edges are asked for the whole of which it is a part.
The functions are pure and expect a small picture, longest side `WORK_SIDE`.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess.cut import COARSE_SIDE, cut, refine
from edgefmnist.preprocess.enclosed import enclosed, is_whole
from edgefmnist.preprocess.outline import outline_contrast, settle_outline, sides_of
from edgefmnist.preprocess.shrink import shrink

Pixels = npt.NDArray[np.uint8]

WORK_SIDE = 120
"""Longest side in pixels at which the garment is searched for: time grows with its square."""

LEAST_CONTRAST = 14.0
"""Outline contrast under which a region is no garment (see `outline_contrast`)."""

LEAST_CONTRAST_ALONE = 30.0
"""The same where the coarse cut saw no garment and only the colours speak for one.

Nearly all garments that the coarse cut misses lie over it, and of photos of bare floors, sheets
and carpets nearly nine in ten under it.
"""

LEAST_CONTRAST_ENCLOSED = 20.0
"""The same where only edges speak for one."""

_SMALL = 0.2  # share of the picture under which what was found may be only a part
_SMALLEST_SIDE = 12  # pixels; under this there is nothing to segment
_FLATTEST = 3.0  # standard deviation of the liveliest channel; a flatter picture shows nothing
_LEAST_AREA = 0.02  # share of the picture
_HOLE = 0.005  # share of the garment up to which a hole is a speck; larger ones tell shapes apart


def find_garment(bgr: Pixels) -> Pixels | None:
    """How much of each pixel is garment, uint8 [h, w] of 0..255; None where nothing stands out.

    bgr: uint8 [h, w, 3] of any size; meant for pictures no larger than `WORK_SIDE`.
    """
    if min(bgr.shape[:2]) < _SMALLEST_SIDE:
        return None
    if float(cv2.meanStdDev(bgr)[1].max()) < _FLATTEST:
        return None
    coarse = cut(without_grain(shrink(bgr, COARSE_SIDE)))
    least = LEAST_CONTRAST if _share(coarse) >= _LEAST_AREA else LEAST_CONTRAST_ALONE
    found = standing_out(bgr, refine(lab_of(without_grain(bgr)), coarse), least)
    part = None if found is None else at_least_half(found)
    if part is not None and _share(part) >= _SMALL:
        return found
    whole = whole_of(bgr, part)
    return found if whole is None else whole


def whole_of(bgr: Pixels, part: Pixels | None) -> Pixels | None:
    """What edges enclose, 0..255, and much more than `part` of 0 and 255; None without such."""
    least = LEAST_CONTRAST_ENCLOSED if part is None else LEAST_CONTRAST
    for inside in enclosed(bgr):
        region = main_region(inside)
        if region is not None and is_whole(region, part):
            return standing_out(bgr, region if part is None else region | part, least)
    return None


def standing_out(bgr: Pixels, mask: Pixels, least: float) -> Pixels | None:
    """The main region of a 0/255 mask with its outline settled, 0..255.

    None where nothing is left, or its outline's contrast is under `least`.
    """
    region = main_region(mask)
    if region is None:
        return None
    lab = lab_of(bgr).astype(np.float32)
    sides = sides_of(lab, region)
    if outline_contrast(region, sides) < least:
        return None
    return settle_outline(lab, region, sides)


def without_grain(bgr: Pixels) -> Pixels:
    """The picture through a 3x3 median, which keeps edges: grain would split garment and ground."""
    return np.asarray(cv2.medianBlur(bgr, 3), np.uint8)


def main_region(mask: Pixels) -> Pixels | None:
    """The largest component of a 0/255 mask, smoothed and without small holes.

    None where it covers less than 2 % of the picture.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    smooth = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(smooth, connectivity=4)
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    best = int(areas.argmax())
    if areas[best] < _LEAST_AREA * mask.size:
        return None
    region = np.where(parts == best + 1, 255, 0).astype(np.uint8)
    return fill_small_holes(region, _HOLE * float(areas[best]))


def fill_small_holes(region: Pixels, largest: float) -> Pixels:
    """The region with what it encloses filled, hole by hole, up to `largest` pixels each."""
    left, top, width, height = cv2.boundingRect(region)
    window = np.s_[top : top + height, left : left + width]  # nothing enclosed reaches beyond it
    count, parts, stats, _ = cv2.connectedComponentsWithStats(
        cv2.bitwise_not(region[window]), connectivity=4
    )
    small = np.zeros(count, np.bool_)
    for part in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[part])
        at_rim = x == 0 or y == 0 or x + w == width or y + h == height
        small[part] = not at_rim and area <= largest
    filled = region.copy()
    filled[window][small[parts]] = 255
    return filled


def at_least_half(mask: Pixels) -> Pixels:
    """A mask of 0..255 as one of 0 and 255."""
    return np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _share(mask: Pixels) -> float:
    return cv2.countNonZero(mask) / mask.size


def lab_of(bgr: Pixels) -> Pixels:
    """OpenCV's 8-bit Lab, uint8 [h, w, 3]."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2LAB), np.uint8)
