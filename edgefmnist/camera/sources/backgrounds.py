"""What lies behind a garment in the demo: grey-level textures around a given brightness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.sources.opencv import cv2

Plane = npt.NDArray[np.float32]
Texture = Callable[[np.random.Generator, int, int], Plane]


def _smooth_noise(random: np.random.Generator, height: int, width: int, cell: int) -> Plane:
    """Noise of mean 0 and range about ±1 whose blobs are `cell` pixels wide."""
    coarse = random.uniform(-1, 1, (height // cell + 3, width // cell + 3)).astype(np.float32)
    full = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
    return np.asarray(full[cell : cell + height, cell : cell + width], np.float32)


def plain(random: np.random.Generator, height: int, width: int) -> Plane:
    """A painted wall: faint blotches."""
    return 0.015 * _smooth_noise(random, height, width, 80)


def gradient(random: np.random.Generator, height: int, width: int) -> Plane:
    """A sheet lit from one side."""
    angle = random.uniform(0, 2 * np.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slope = np.float32(random.uniform(0.05, 0.1))
    return slope * (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y)


def wood(random: np.random.Generator, height: int, width: int) -> Plane:
    """Planks with grain along them and dark joints between."""
    grain = cv2.resize(
        _smooth_noise(random, height, max(8, width // 24), 3),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    wave = _smooth_noise(random, height, width, 60)
    y = np.arange(height, dtype=np.float32)[:, None]
    rings = np.sin(y / random.uniform(5, 9) + 3 * wave)
    plank = int(random.integers(90, 150))
    number = (y.astype(np.int32) // plank).ravel()
    shade = random.uniform(-0.03, 0.03, int(number.max()) + 1).astype(np.float32)[number][:, None]
    joints = np.where(y.astype(np.int32) % plank < 2, -0.12, 0).astype(np.float32)
    return np.asarray(0.03 * grain + 0.02 * rings + shade + joints, np.float32)


def weave(random: np.random.Generator, height: int, width: int) -> Plane:
    """A table cloth: warp and weft over one another."""
    period = random.uniform(5, 9)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(2 * np.pi / period)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(2 * np.pi / period)
    threads = np.sin(x) * np.cos(y) + 0.5 * np.sin(x + y)
    return np.asarray(0.03 * threads + 0.02 * _smooth_noise(random, height, width, 40), np.float32)


def tiles(random: np.random.Generator, height: int, width: int) -> Plane:
    """A tiled floor with joints, each tile a little different."""
    side = int(random.integers(90, 140))
    row = (np.arange(height) + int(random.integers(side))) // side
    column = (np.arange(width) + int(random.integers(side))) // side
    shades = random.uniform(-0.025, 0.025, (int(row.max()) + 1, int(column.max()) + 1))
    floor = shades.astype(np.float32)[np.ix_(row, column)]
    floor[np.flatnonzero(np.diff(row)), :] -= 0.1
    floor[:, np.flatnonzero(np.diff(column))] -= 0.1
    return np.asarray(cv2.GaussianBlur(floor, (0, 0), 0.9), np.float32)


def speckle(random: np.random.Generator, height: int, width: int) -> Plane:
    """Stone or a carpet: fine grain of two sizes."""
    return 0.03 * _smooth_noise(random, height, width, 3) + 0.02 * _smooth_noise(
        random, height, width, 10
    )


TEXTURES: dict[str, Texture] = {
    "plain": plain,
    "gradient": gradient,
    "wood": wood,
    "weave": weave,
    "tiles": tiles,
    "speckle": speckle,
}
"""Each gives float32 [height, width], about ±0.15, to be added to a brightness of 0..1."""
