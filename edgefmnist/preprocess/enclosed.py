"""What edges enclose: the whole of a garment that colors find only a part of.

A white shirt on white ground differs from it by its print. Yet a thin shadow runs along its
outline, or its rim turns away from the light: an edge that closes around it. What cannot be
reached from the picture's rim without crossing an edge is the garment, and the print a part of it.
So it is with a tie and its suit.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

_COLOR = 1.6  # weight of a step in a or b against one in L
_NEARBY = (25, 25)  # pixels over which gradients are compared with their neighborhood's
_RIM = 8  # width in pixels of the rim whose gradients are taken for the ground's
_QUIET = 60.0  # percentile of them that is noise or texture
_STEPS = ((2.5, 3.0), (4.0, 4.5))  # times that make an edge; levels a pixel, less is noise
_WEAK = 0.6  # share of an edge's gradient that continues it
_LARGEST = 0.7  # share of the picture; what encloses more is the ground's own
_LEAST_ALONE = 0.2  # share of the picture without a part: less is a knot in wood, a flower's print
_MOST_AT_RIM = 0.05  # share of the outer four pixels
_TIMES = 3.0  # times as large as its part a whole is: less may be shadow, or a tile around it
_HELD = 0.7  # share of the part that lies within the whole


def enclosed(bgr: Pixels) -> Iterator[Pixels]:
    """What edges keep apart from the picture's rim, uint8 [h, w] of 0 and 255, without threads.

    First with faint edges, then with bolder ones, which a busy ground does not have.
    """
    steep = gradient_of(bgr)
    quiet = float(np.percentile(steep[rim_of(steep.shape, _RIM)], _QUIET))
    outer = rim_of(steep.shape, 2)
    for times, least in _STEPS:
        edges = edges_of(steep, max(least, times * quiet))
        count, parts = cv2.connectedComponents(np.uint8(1) - edges, connectivity=4)
        reached = np.zeros(count, np.bool_)
        reached[parts[outer]] = True
        reached[0] = False
        inside = np.where(reached[parts], 0, 255).astype(np.uint8)
        # An edge is some pixels wide and lies half on the ground.
        opened = cv2.morphologyEx(cv2.erode(inside, disc(5)), cv2.MORPH_OPEN, disc(7))
        opened[outer] = 0
        yield np.asarray(opened, np.uint8)


def is_whole(region: Pixels, part: Pixels | None) -> bool:
    """Whether a region can be a garment and `part`, where there is one, a mere print on it.

    region, part: uint8 [h, w] of 0 and 255.
    """
    area = cv2.countNonZero(region)
    at_rim = region[rim_of(region.shape, 4)]
    if area > _LARGEST * region.size or cv2.countNonZero(at_rim) > _MOST_AT_RIM * at_rim.size:
        return False
    if part is None:
        return area >= _LEAST_ALONE * region.size
    own = cv2.countNonZero(part)
    return area >= _TIMES * own and cv2.countNonZero(part & region) >= _HELD * own


def gradient_of(bgr: Pixels) -> Plane:
    """Steepest step of L, a or b in levels a pixel, float32 [h, w], by Scharr's (2000) operator.

    It counts for less where those around it are steep, so that a faint outline on quiet ground
    shows beside a bold print.
    """
    lab = cv2.cvtColor(cv2.GaussianBlur(bgr, (3, 3), 0), cv2.COLOR_BGR2LAB)
    steepest = np.zeros(bgr.shape[:2], np.float32)
    for channel, weight in ((0, 1.0), (1, _COLOR), (2, _COLOR)):
        plane = cv2.extractChannel(lab, channel)
        across = cv2.Scharr(plane, cv2.CV_32F, 1, 0, scale=weight / 16)
        down = cv2.Scharr(plane, cv2.CV_32F, 0, 1, scale=weight / 16)
        cv2.max(steepest, cv2.magnitude(across, down), dst=steepest)
    nearby = cv2.boxFilter(steepest, -1, _NEARBY)
    mean = np.float32(max(cv2.mean(nearby)[0], 1e-3))
    return np.asarray(2 * steepest / (1 + nearby / mean), np.float32)


def edges_of(steep: Plane, strong: float) -> Pixels:
    """Edges, uint8 [h, w] of 0 and 1, with gaps of up to four pixels closed.

    steep: float32 [h, w]. Weaker gradients than `strong` count where they continue one.
    """
    count, parts = cv2.connectedComponents((steep > _WEAK * strong).astype(np.uint8))
    kept = np.zeros(count, np.uint8)
    kept[parts[steep > strong]] = 1
    kept[0] = 0
    return np.asarray(cv2.morphologyEx(kept[parts], cv2.MORPH_CLOSE, disc(5)), np.uint8)


def rim_of(shape: tuple[int, ...], width: int) -> npt.NDArray[np.bool_]:
    """The rim of a picture of `shape`, `width` pixels wide, bool [h, w]."""
    rim = np.ones(shape[:2], np.bool_)
    rim[width:-width, width:-width] = False
    return rim


def disc(side: int) -> Pixels:
    """OpenCV's ellipse of this width and height."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
