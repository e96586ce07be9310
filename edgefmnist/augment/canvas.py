"""From the data set's 28x28 onto a larger canvas, where outlines can be changed, and back.

Coordinates on the canvas are (u, v) with the data set's square at -1..1, u to the right, v down.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess.fit import COVERED, SIDE, averaged, corner, fitted_size

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Random = np.random.Generator

CANVAS = 64
SQUARE = 40
"""Side in canvas pixels of the data set's square; the rest is room for what is turned or pulled."""

_SHOULDER_HEIGHT = np.float32(-0.6)
_NOWHERE = np.float32(9)  # a coordinate far outside the picture
_HALO = 12
"""Fainter pixels are the data set's compression halo, not cloth: brightened, they are specks."""
_LEAST_PART = 8  # pixels of the 28x28; smaller parts are halo too


def _grid(side: int, half: float) -> tuple[Plane, Plane]:
    """Coordinates u, v of the pixels of a square of `side` pixels whose -1..1 spans 2 x `half`."""
    axis = ((np.arange(side, dtype=np.float32) - (side - 1) / 2) / half).astype(np.float32)
    u, v = np.meshgrid(axis, axis)
    return u, v


CANVAS_U, CANVAS_V = _grid(CANVAS, SQUARE / 2)
PICTURE_U, PICTURE_V = _grid(SIDE, SIDE / 2)


@dataclasses.dataclass(frozen=True, slots=True)
class Cloth:
    """A garment without its ground.

    tones: float32 [h, w], 0..255, carried on beyond the outline so that no ground mixes in.
    cover: float32 [h, w], 1 on the garment, 0 beside it.
    """

    tones: Plane
    cover: Plane

    @property
    def empty(self) -> bool:
        """Whether nothing is left of it."""
        return not self.cover.any()

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(x, y, width, height) of the garment."""
        x, y, width, height = cv2.boundingRect((self.cover > 0).astype(np.uint8))
        return x, y, width, height

    def flipped(self) -> Cloth:
        """Upside down."""
        return Cloth(np.ascontiguousarray(self.tones[::-1]), np.ascontiguousarray(self.cover[::-1]))


def lift(picture: Pixels, halo: int = _HALO) -> Cloth:
    """Take the garment of a picture (uint8 [28, 28], bright on 0) off its ground.

    halo: intensity up to which a pixel is ground; a photo that was cut out has none but 0.
    """
    mask = (picture > halo).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count > 2:
        kept = stats[:, cv2.CC_STAT_AREA] > _LEAST_PART
        kept[0] = False
        mask = kept[parts].astype(np.uint8)
    cover, tones = mask.astype(np.float32), picture.astype(np.float32)
    near = cv2.blur(cover, (5, 5))
    mean = float((tones * cover).sum() / max(float(cover.sum()), 1.0))
    beyond = np.where(
        near > 1e-3, cv2.blur(tones * cover, (5, 5)) / np.maximum(near, np.float32(1e-3)), mean
    )
    return Cloth(np.where(mask > 0, tones, beyond).astype(np.float32), cover)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """How a garment is laid on the canvas; all zero is as the data set has it.

    rotation: degrees, clockwise. scale: factors along the garment's own u and v.
    shear: of u along v. mirror: left and right exchanged. shift: (u, v) of its middle.
    arms: degrees by which what lies beyond `shoulder` of the middle is turned outwards about the
        shoulder, as sleeves are spread; in the data set they hang. legs: how far the lower part is
        pulled apart at the middle.
    taper: how much narrower the garment gets downwards (negative: wider).
    waves: standard deviation of a smooth random displacement.
    """

    rotation: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    mirror: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    arms: float = 0.0
    shoulder: float = 0.45
    legs: float = 0.0
    taper: float = 0.0
    waves: float = 0.0


def lay(cloth: Cloth, warp: Warp, rng: Random) -> tuple[Plane, Pixels]:
    """Lay a 28x28 `cloth` on the canvas.

    Returns: tones float32 [CANVAS, CANVAS], valid beyond the outline too; mask uint8 of 0 and 1.
    """
    u, v = _source_of_canvas(warp)
    if warp.waves:
        waves = np.float32(warp.waves)
        u = u + waves * smooth_noise(rng, 4, CANVAS)
        v = v + waves * smooth_noise(rng, 4, CANVAS)
    half, middle = np.float32(SIDE / 2), np.float32((SIDE - 1) / 2)
    x, y = u * half + middle, v * half + middle
    tones = cv2.remap(cloth.tones, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(cloth.cover, x, y, cv2.INTER_LINEAR)
    return np.asarray(tones, np.float32), (cover > 0.5).astype(np.uint8)


def _source_of_canvas(warp: Warp) -> tuple[Plane, Plane]:
    """Where in the 28x28 each pixel of the canvas comes from, as (u, v)."""
    angle = np.deg2rad(warp.rotation)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    right, down = CANVAS_U - np.float32(warp.shift[0]), CANVAS_V - np.float32(warp.shift[1])
    v = cos * down - sin * right
    u = (cos * right + sin * down + np.float32(warp.shear) * v) / np.float32(warp.scale[0])
    v = v / np.float32(warp.scale[1])
    if warp.mirror:
        u = -u
    if warp.arms:
        u, v = _arms_spread(u.astype(np.float32), v.astype(np.float32), warp)
    if warp.legs:
        apart = np.float32(warp.legs) * np.maximum(v + np.float32(0.5), 0)
        u = u - np.sign(u) * np.minimum(apart, np.abs(u) * np.float32(0.8))
    if warp.taper:
        u = u * (1 + np.float32(warp.taper) * v)
    return u.astype(np.float32), v.astype(np.float32)


def _arms_spread(u: Plane, v: Plane, warp: Warp) -> tuple[Plane, Plane]:
    """Turn what is beyond the shoulders back to where it hangs; the gap under the arm is ground.

    A sleeve that hangs is seen from its side and partly behind the body: spread, it is wider.
    """
    cos, sin = np.float32(np.cos(np.deg2rad(warp.arms))), np.float32(np.sin(np.deg2rad(warp.arms)))
    beyond, below = np.abs(u) - np.float32(warp.shoulder), v - _SHOULDER_HEIGHT
    across = (beyond * cos - below * sin) / (1 + np.float32(0.7) * sin)
    along = (beyond * sin + below * cos) / (1 - np.float32(0.3) * sin)
    hanging = np.where(across > 0, np.sign(u) * (np.float32(warp.shoulder) + across), _NOWHERE)
    arm = beyond > 0
    lower = _SHOULDER_HEIGHT + along
    return np.where(arm, hanging, u).astype(np.float32), np.where(arm, lower, v).astype(np.float32)


@dataclasses.dataclass(frozen=True, slots=True)
class Fitted:
    """What the canvas holds, cropped and fitted to 28x28 like a found garment.

    tones: float32 [28, 28]. kept: bool [28, 28], the garment. foreign: bool [28, 28], the part of
    it that is something else joined on.
    """

    tones: Plane
    kept: npt.NDArray[np.bool_]
    foreign: npt.NDArray[np.bool_]


def fitted(tones: Plane, mask: Pixels, foreign: npt.NDArray[np.bool_]) -> Fitted | None:
    """Crop to the mask and fit the longest side to 28, as `edgefmnist.preprocess.fit` does.

    tones, mask (0 and 1), foreign: [CANVAS, CANVAS]. None where next to nothing is left.
    """
    x, y, width, height = cv2.boundingRect(mask)
    if min(width, height) < 2:
        return None
    window = np.s_[y : y + height, x : x + width]
    size = fitted_size(width, height)
    cover = mask[window].astype(np.float32)
    share = averaged(cover, size)
    small = averaged(tones[window] * cover, size) / np.maximum(share, np.float32(1e-3))
    left, top = corner(size)
    at = np.s_[top : top + size[1], left : left + size[0]]
    result = Fitted(
        np.zeros((SIDE, SIDE), np.float32),
        np.zeros((SIDE, SIDE), np.bool_),
        np.zeros((SIDE, SIDE), np.bool_),
    )
    result.tones[at] = small
    result.kept[at] = share >= min(COVERED, float(share.max()))
    if foreign.any():
        result.foreign[at] = averaged(foreign[window].astype(np.float32), size) > 0.4
    return result


def smooth_noise(rng: Random, cells: int, side: int) -> Plane:
    """Normal noise, float32 [side, side], with about `cells` bumps along each side."""
    field = rng.standard_normal((cells, cells), np.float32)
    return np.asarray(cv2.resize(field, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)
