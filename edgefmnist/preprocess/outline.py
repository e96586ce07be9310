"""Compare both sides of a region's outline: does it stand out, and where exactly does it end?"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

_BAND = 4  # how far in pixels the bands compared along the outline reach
_WINDOW = 11  # side in pixels over which a band is averaged at one point of the outline
_SETTLED = 50.0  # distance of the sides' colours from which a pixel between them can be told
_NEXT = np.ones((3, 3), np.uint8)
_NEAR = np.ones((5, 5), np.uint8)  # how far from the outline pixels may be mixed
_WIDE = np.ones((2 * _BAND + 1, 2 * _BAND + 1), np.uint8)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Mean colours on either side of a region's outline, all [h, w] like the picture.

    inner, outer: float32 [h, w, 3], mean Lab colour nearby of the bands inside and outside.
    distance: float32 [h, w], how far apart the two are in units of OpenCV's 8-bit Lab; 0 where
        one of the bands is too far away to have a mean.
    """

    inner: Plane
    outer: Plane
    distance: Plane


def sides_of(lab: Plane, mask: Pixels) -> Sides:
    """Compare a band inside the outline with one outside; texture averages out within a band.

    The pixels right at the outline mix both sides and are left out of both bands.
    lab: float32 [h, w, 3], OpenCV's 8-bit Lab. mask: uint8 [h, w] of 0 and 255.
    """
    inside = (cv2.erode(mask, _NEXT) > 0) & (cv2.erode(mask, _WIDE) == 0)
    outside = (cv2.dilate(mask, _NEXT) == 0) & (cv2.dilate(mask, _WIDE) > 0)
    inner, inner_share = _local_mean(lab, inside)
    outer, outer_share = _local_mean(lab, outside)
    apart = inner - outer
    known = (inner_share > 0.05) & (outer_share > 0.05)
    distance = np.where(known, np.sqrt(_dot(apart, apart)), 0).astype(np.float32)
    return Sides(inner=inner, outer=outer, distance=distance)


def outline_contrast(mask: Pixels, sides: Sides) -> float:
    """Median over the outline of how far the garment's colour is from its surroundings'.

    In units of OpenCV's 8-bit Lab; 0 where the region has no outline within the picture.
    """
    outline = (mask > 0) & (cv2.erode(mask, _NEXT) == 0) & (sides.distance > 0)
    return float(np.median(sides.distance[outline])) if outline.any() else 0.0


def settle_outline(lab: Plane, mask: Pixels, sides: Sides) -> Pixels:
    """How much of each pixel is garment, uint8 [h, w] of 0..255: 0 or 255 but near the outline.

    A pixel there is taken for a mixture of the colours on either side, and its share is where its
    own colour lies between the two, so that the outline can be drawn finer than the pixels of the
    mask. Where the sides differ little the mask is trusted.
    """
    ring = (cv2.dilate(mask, _NEAR) > 0) & (cv2.erode(mask, _NEAR) == 0)
    ring &= sides.distance > _SETTLED
    outer = sides.outer[ring]
    across = sides.inner[ring] - outer
    share = _dot(lab[ring] - outer, across) / _dot(across, across)
    settled = mask.copy()
    settled[ring] = np.clip(np.rint(255 * share), 0, 255)
    return settled


def _dot(one: Plane, other: Plane) -> Plane:
    return np.asarray(np.einsum("...c,...c->...", one, other), np.float32)


def _local_mean(lab: Plane, band: npt.NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """Mean colour of the band's pixels within a window, and the share of the window they fill."""
    window = (_WINDOW, _WINDOW)
    weight = band.astype(np.float32)
    share = np.asarray(cv2.boxFilter(weight, -1, window), np.float32)
    total = cv2.boxFilter(lab * weight[..., None], -1, window)
    return np.asarray(total / np.maximum(share, 1e-4)[..., None], np.float32), share
