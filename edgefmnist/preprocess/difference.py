"""What differs from the background: which of it is garment, and which is shadow."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

LEAST_NOISE = 1.5
"""Standard deviation in levels that is always allowed for."""

_STRONG = 8.0  # standard deviations of the noise that alone make a garment
_DARKEST_SHADOW = 0.55  # share of the light that a shadow leaves
_SHADOW_CHROMA = 0.06  # colour shift of a shadow as a share of the ground's brightness
_SHARP = 0.55  # share of its depth that a shadow's edge may fall within two pixels
_LEAST_STEP = 5.0  # 160ths of the light; less is noise
_CRISP_SHARE = 0.2  # share of a garment's outline that is sharp
_SETTLED = 12.0  # levels by which the sides differ from which a pixel between them can be told
_WINDOW = (7, 7)  # pixels over which either side is averaged at one point of the outline
_NEXT = np.ones((3, 3), np.uint8)
_WITHIN = np.ones((5, 5), np.uint8)
_SUM = np.ones((1, 3), np.float32)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A frame against the background at the frame's exposure, all [h, w] at work size.

    expected: float32 [h, w, 3], the background in levels; ground: its squared length.
    apart: float32 [h, w, 3], frame less background; squared: its squared length.
    noise: float32, variance of a channel that means nothing, in levels squared.
    changed: bool, where that tells background and something else apart.
    """

    expected: Plane
    ground: Plane
    apart: Plane
    squared: Plane
    noise: Plane
    changed: Flags


def squared_length(plane: Plane) -> Plane:
    """Float32 [h, w] of a plane [h, w, 3]."""
    return np.asarray(cv2.transform(cv2.multiply(plane, plane), _SUM), np.float32)


def garment_of(found: Difference) -> Pixels:
    """Pixels that differ and are no shadow, uint8 [h, w] of 0 and 255, before any tidying.

    A region of weak differences counts where it holds a strong one.
    """
    kept = found.changed & ~shadow_of(found)
    count, parts = cv2.connectedComponents(kept.view(np.uint8))
    strong = np.zeros(count, np.uint8)
    strong[parts[kept & (found.squared > np.float32(_STRONG**2) * found.noise)]] = 255
    strong[0] = 0
    return np.asarray(cv2.morphologyEx(strong[parts], cv2.MORPH_CLOSE, _NEXT), np.uint8)


def outline_of(mask: Pixels, found: Difference) -> Pixels:
    """How much of each pixel is garment, uint8 [h, w] of 0..255: 0 or 255 but near the outline.

    A pixel there is taken for a mixture of what lies on either side, and its share is where its
    difference from the background lies between theirs: the outline can be drawn finer than the
    pixels of the mask. Where the sides differ little the mask is trusted.
    """
    apart = np.asarray(cv2.sqrt(found.squared), np.float32)
    inner = _mean_near(apart, cv2.erode(mask, _NEXT))
    outer = _mean_near(apart, cv2.bitwise_not(cv2.dilate(mask, _NEXT)))
    across = inner - outer
    share = np.clip((apart - outer) / np.maximum(across, 1), 0, 1)
    ring = cv2.subtract(cv2.dilate(mask, _WITHIN), cv2.erode(mask, _WITHIN))
    mixed = (across > np.float32(_SETTLED)) & (ring > 0)
    return np.where(mixed, np.rint(255 * share), mask).astype(np.uint8)


def _mean_near(plane: Plane, where: cv2.typing.MatLike) -> Plane:
    """Mean nearby of a plane's pixels under a mask of 0 and 255, float32 [h, w]; 0 without any."""
    total = cv2.boxFilter(cv2.copyTo(plane, where), -1, _WINDOW, normalize=False)
    count = cv2.boxFilter(where, cv2.CV_32F, _WINDOW, normalize=False)
    return np.asarray(255 * total / np.maximum(count, 1), np.float32)


def shadow_of(found: Difference) -> Flags:
    """Where light is missing but the colour is the ground's, bool [h, w].

    A grey garment on grey ground is darker in the same colour too, but its outline is sharp:
    there the brightness falls by nearly its whole depth within two pixels. A shadow is what can be
    reached from the ground without crossing a sharp edge. Where that is most of what differs and
    the outline is sharp nevertheless, garment and shadow are equally dark: then all is garment.
    """
    missing = cv2.transform(cv2.multiply(found.apart, found.expected), _SUM)
    missing = np.asarray(cv2.divide(missing, np.maximum(found.ground, 1)), np.float32)
    chroma = found.squared - missing * missing * found.ground
    same_colour = chroma < _SHADOW_CHROMA**2 * found.ground + (2.5 * LEAST_NOISE) ** 2
    darker = (missing < 0) & (missing > _DARKEST_SHADOW - 1)
    candidate = found.changed & same_colour & darker
    if not candidate.any():
        return candidate
    sharp = sharp_edges(missing + np.float32(1))
    shadow = candidate & _reached((candidate | ~found.changed) & ~sharp, ~found.changed)
    if 2 * np.count_nonzero(shadow) > np.count_nonzero(found.changed):
        outline = found.changed & (cv2.erode(found.changed.view(np.uint8), _NEXT) == 0)
        if np.count_nonzero(outline & sharp) > _CRISP_SHARE * np.count_nonzero(outline):
            return np.zeros_like(shadow)
    return shadow


def sharp_edges(brightness: Plane) -> Flags:
    """Where brightness, 1 on the ground, falls by most of its depth nearby, bool [h, w]."""
    light = cv2.medianBlur(np.clip(brightness * 160, 0, 160).astype(np.uint8), 3)
    step = cv2.subtract(cv2.dilate(light, _NEXT), cv2.erode(light, _NEXT))
    depth = cv2.subtract(np.full_like(light, 160), cv2.erode(light, _WITHIN))
    return np.asarray(step > np.maximum(_SHARP * depth, _LEAST_STEP), np.bool_)


def _reached(passable: Flags, start: Flags) -> Flags:
    """The parts of `passable` that hold a pixel of `start`; gaps under three pixels do not pass."""
    wide = cv2.morphologyEx(passable.view(np.uint8), cv2.MORPH_OPEN, _NEXT)
    count, parts = cv2.connectedComponents(wide, connectivity=4)
    reached = np.zeros(count, np.bool_)
    every_other = np.s_[::2, ::2]  # none of what is left is smaller
    reached[parts[every_other][start[every_other]]] = True
    reached[0] = False
    return np.asarray(reached[parts], np.bool_)
