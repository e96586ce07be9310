"""Random changes to training pictures, imitating what a camera's preprocessing leaves.

Parameters come from a NumPy generator, so that a resumed training draws what it would have drawn;
pictures are warped by ``keras.ops``, so that every backend does it natively.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Chosen = npt.NDArray[np.bool_]

_HALO = 12.0
"""Fainter pixels are the data set's compression halo, not cloth: brightened, they are specks."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Ranges that `augment` draws from, uniformly unless said otherwise.

    Every picture may be mirrored and shifted. A share of them, `camera_share`, is changed as a
    camera and the finding of the garment would; the rest stays as the data set has it, so that
    clean accuracy does not pay for all of it.

    flip_share: mirrored left to right (a shoe's toe may point either way before a camera).
    shift_px: plus or minus, pixels of the 28.
    rotation_deg, shear_deg: plus or minus, degrees.
    scale: factor on each axis apart, so that aspect varies too.
    tone_share: of the camera's, garments that get another contrast and brightness, as exposure
        and paler or darker cloth give.
    invert_share: of the camera's, garments whose tones are turned over, as a dark print on pale
        cloth or a light one on dark.
    shade_share: of the camera's, garments with uneven light over them, as folds give.
    erase_share: of the camera's, pictures with one rectangle blanked or greyed (random erasing,
        Zhong et al. 2020), as hands, bites and stray background do.
    """

    camera_share: float = 0.5
    flip_share: float = 0.5
    shift_px: float = 1.5
    rotation_deg: float = 15.0
    shear_deg: float = 6.0
    scale: tuple[float, float] = (0.8, 1.1)
    tone_share: float = 0.6
    invert_share: float = 0.25
    shade_share: float = 0.3
    erase_share: float = 0.3


def augment(images: Images, options: Augmentation, rng: np.random.Generator) -> Images:
    """Change each picture of a batch at random.

    images: float32 [n, 28, 28, 1], 0..255, background 0. Returns the same shape and range.
    """
    camera = rng.random(len(images)) < options.camera_share
    images = _tone(images, camera, options, rng)
    images = _warp(images, camera, options, rng)
    return _erase(images, camera, options, rng)


def _warp(
    images: Images, camera: Chosen, options: Augmentation, rng: np.random.Generator
) -> Images:
    from keras import ops

    n, size = len(images), images.shape[1]
    angle = np.deg2rad(rng.uniform(-options.rotation_deg, options.rotation_deg, n)) * camera
    shear = np.tan(np.deg2rad(rng.uniform(-options.shear_deg, options.shear_deg, n))) * camera
    scale_x, scale_y = np.where(camera, rng.uniform(*options.scale, (2, n)), 1.0)
    mirror = np.where(rng.random(n) < options.flip_share, -1.0, 1.0)
    shift = rng.uniform(-options.shift_px, options.shift_px, (2, n))
    shift = np.where(camera, shift, np.round(shift))  # whole pixels keep clean pictures sharp
    # Output to input coordinates about the centre: rotate and shear, then scale each axis.
    cos, sin = np.cos(angle), np.sin(angle)
    a = cos / scale_x * mirror
    b = (shear * cos - sin) / scale_x * mirror
    c = sin / scale_y
    d = (shear * sin + cos) / scale_y
    middle = (size - 1) / 2
    x0 = middle - a * (middle + shift[0]) - b * (middle + shift[1])
    y0 = middle - c * (middle + shift[0]) - d * (middle + shift[1])
    zero = np.zeros(n)
    transform = np.stack([a, b, x0, c, d, y0, zero, zero], axis=1).astype(np.float32)
    warped = ops.image.affine_transform(
        images, transform, interpolation="bilinear", fill_mode="constant"
    )
    return np.asarray(ops.convert_to_numpy(warped), dtype=np.float32)


def _tone(
    images: Images, camera: Chosen, options: Augmentation, rng: np.random.Generator
) -> Images:
    from keras import ops

    n, size = len(images), images.shape[1]
    toned, inverted, shaded = rng.random((3, n)) < np.array(
        [[options.tone_share], [options.invert_share], [options.shade_share]]
    )
    contrast = np.where(toned, rng.uniform(0.4, 1.2, n), 1.0)
    middle = np.where(toned, rng.uniform(60.0, 200.0, n), 128.0)
    contrast = np.where(inverted, -0.8 * contrast, contrast)
    depth = np.where(shaded, rng.uniform(5.0, 40.0, n), 0.0)
    light = ops.image.resize(rng.normal(size=(n, 5, 5, 1)).astype(np.float32), (size, size))
    cloth = (images - 128.0) * _column(contrast) + _column(middle)
    cloth = cloth + np.asarray(ops.convert_to_numpy(light)) * _column(depth)
    # Background must stay 0 and cloth above it, or the outline would be lost.
    cloth = np.clip(cloth, 10.0, 255.0)
    return np.where((images > _HALO) & _column(camera), cloth, images).astype(np.float32)


def _erase(
    images: Images, camera: Chosen, options: Augmentation, rng: np.random.Generator
) -> Images:
    n, size = len(images), images.shape[1]
    chosen = (rng.random(n) < options.erase_share) & camera
    height, width = rng.integers(4, 13, (2, n))
    top = (rng.random(n) * (size - height)).astype(int)
    left = (rng.random(n) * (size - width)).astype(int)
    tone = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(60.0, 220.0, n)).astype(np.float32)
    at = np.arange(size)
    rows = (at >= top[:, None]) & (at < (top + height)[:, None])
    columns = (at >= left[:, None]) & (at < (left + width)[:, None])
    hole = (rows[:, :, None] & columns[:, None, :])[..., None] & _column(chosen)
    return np.where(hole, _column(tone), images)


def _column(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """[n] as [n, 1, 1, 1], to go with a batch of pictures."""
    return values[:, None, None, None]
