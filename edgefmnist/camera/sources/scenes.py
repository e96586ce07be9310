"""Seeded scenes as a camera would see them, made from Fashion-MNIST's test garments.

A garment picture of 28x28 is enlarged smoothly, dyed, laid at some size, place and angle on a
textured ground with a soft shadow, lit unevenly, and seen through a lens and sensor (blur, noise).
Everything random comes from one NumPy Generator: the same seed gives the same frames bit for bit
with the same versions of NumPy and OpenCV.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.sources.backgrounds import TEXTURES
from edgefmnist.camera.sources.garments import Garments
from edgefmnist.camera.sources.opencv import cv2

WIDTH, HEIGHT = 640, 480
EMPTY = -1
_PATCH = 28 * 14  # side of the enlarged garment before it is laid into the scene
_FLOOR = 8  # a pixel of the 28x28 picture brighter than this belongs to the garment
_NOISE = 3.0  # standard deviation of the sensor's noise, in levels of 255
_NOISE_MARGIN = 64

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What stays the same while one garment, or nothing, is in view.

    label: class of the garment, `EMPTY` without one. texture: name in `TEXTURES`.
    dark: the garment is dark on a light ground, else light on a dark one.
    ground: float32 [480, 640, 3], 0..255. light: float32 [480, 640], about 1.
    dye: uint8 [392, 392, 3], the garment's colours. cover: uint8 [392, 392], 255 where it is.
    size: side of the garment's 28x28 field in the scene in pixels; centre: its (x, y) there;
    angle: degrees. frames: for how many frames it is in view.
    """

    label: int
    texture: str
    dark: bool
    ground: Plane
    light: Plane
    dye: Pixels | None
    cover: Pixels | None
    size: float
    centre: tuple[float, float]
    angle: float
    frames: int


def scenes(random: np.random.Generator, garments: Garments) -> Iterator[Scene]:
    """Garments without end, in a shuffled order that shows each once a round, nothing between."""
    while True:
        for choice in random.permutation(len(garments.labels)):
            yield new_scene(random, garments.images[choice], int(garments.labels[choice]))
            yield new_scene(random, None, EMPTY)


def fixed_scenes(
    random: np.random.Generator, garments: Garments, empty_frames: int
) -> Iterator[Scene]:
    """`scenes` under a camera that never moves: one ground, first empty for `empty_frames`."""
    first = new_scene(random, None, EMPTY)
    yield dataclasses.replace(first, frames=empty_frames)
    while True:
        for choice in random.permutation(len(garments.labels)):
            image, label = garments.images[choice], int(garments.labels[choice])
            yield _on_ground_of(first, new_scene(random, image, label, dark=first.dark))
            yield _on_ground_of(first, new_scene(random, None, EMPTY))


def _on_ground_of(first: Scene, scene: Scene) -> Scene:
    return dataclasses.replace(
        scene, texture=first.texture, dark=first.dark, ground=first.ground, light=first.light
    )


def new_scene(
    random: np.random.Generator, image: Pixels | None, label: int, dark: bool | None = None
) -> Scene:
    """Draw one scene for a 28x28 garment, or an empty one; `dark` as in `Scene`, None draws it."""
    texture = str(random.choice(list(TEXTURES)))
    drawn = bool(random.random() < 0.5)
    dark = drawn if dark is None else dark
    brightness = random.uniform(0.66, 0.9) if dark else random.uniform(0.12, 0.26)
    pattern = brightness * (1 + TEXTURES[texture](random, HEIGHT, WIDTH) / 0.75)
    ground = np.clip(pattern, 0, 1)[..., None] * _tint(random, 0.3)
    ground *= 255
    dye = cover = None
    if image is not None:
        value, cover = _enlarge(image)
        dye = _dyed(random, value, dark)
    size = random.uniform(290, 400)
    reach = size / 2 + 25  # stays clear of the rim, with its shadow
    return Scene(
        label=label,
        texture=texture,
        dark=dark,
        ground=np.asarray(ground, np.float32),
        light=_light(random),
        dye=dye,
        cover=cover,
        size=size,
        centre=(random.uniform(reach, WIDTH - reach), random.uniform(reach, HEIGHT - reach)),
        angle=random.uniform(-10, 10),
        frames=int(random.integers(8, 13) if image is not None else random.integers(2, 5)),
    )


def render(scene: Scene, random: np.random.Generator) -> Pixels:
    """One frame, uint8 [480, 640, 3] in B, G, R order: the scene with jitter, noise and blur."""
    canvas = scene.ground.copy()
    if scene.cover is not None and scene.dye is not None:
        _lay(canvas, scene, scene.cover, scene.dye, random)
    shade = scene.light * np.float32(random.uniform(0.98, 1.02))
    light = np.asarray(cv2.merge((shade, shade, shade)), np.float32)
    canvas *= light
    # In place where it can be: each of these planes takes 3.7 MB.
    cv2.GaussianBlur(canvas, (3, 3), 0.7, dst=light)
    light += _noise(random)
    np.maximum(light, 0, out=light)
    # Rounds to the nearest level and clips to 0..255 in one pass.
    return np.asarray(cv2.convertScaleAbs(light), np.uint8)


def _lay(
    canvas: Plane, scene: Scene, cover: Pixels, dye: Pixels, random: np.random.Generator
) -> None:
    """Draw shadow and garment onto the canvas, a little moved from where they belong."""
    x, y = np.asarray(scene.centre) + random.normal(0, 1.2, 2)
    angle = scene.angle + random.normal(0, 0.5)
    scale = scene.size / _PATCH * random.normal(1, 0.004)
    half = int(scene.size * 0.62) + 16  # of the window that holds the turned garment
    left, top = max(0, int(x) - half), max(0, int(y) - half)
    window = canvas[top : int(y) + half, left : int(x) + half]
    size = (window.shape[1], window.shape[0])
    matrix = cv2.getRotationMatrix2D((_PATCH / 2, _PATCH / 2), angle, scale)
    matrix[:, 2] += (x - _PATCH / 2 - left, y - _PATCH / 2 - top)
    shape = np.asarray(cv2.warpAffine(cover, matrix, size), np.uint8)
    colours = cv2.warpAffine(dye, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    _shade(window, shape)
    # NumPy crawls where it broadcasts one channel over three, hence three equal channels.
    weight = cv2.cvtColor(shape, cv2.COLOR_GRAY2BGR).astype(np.float32) / np.float32(255)
    blend = colours.astype(np.float32)
    blend -= window
    blend *= weight
    window += blend


def _shade(window: Plane, shape: Pixels) -> None:
    """Darken the ground below and to the right of the garment."""
    height, width = shape.shape
    small = cv2.resize(shape, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    moved = cv2.warpAffine(small, np.array([[1, 0, 1.25], [0, 1, 1.5]]), (width // 4, height // 4))
    soft = cv2.resize(cv2.GaussianBlur(moved, (0, 0), 2.0), (width, height))
    window *= 1 - cv2.cvtColor(soft, cv2.COLOR_GRAY2BGR).astype(np.float32) * np.float32(0.22 / 255)


def _enlarge(image: Pixels) -> tuple[Plane, Pixels]:
    """A 28x28 garment as smooth planes of side `_PATCH`: its value 0..1 and its cover 0..255."""
    inside = np.where(image > _FLOOR, 255, 0).astype(np.uint8)
    inside = _without_specks(inside)
    weight = inside.astype(np.float32) / 255
    side = (_PATCH, _PATCH)
    # Values are spread outwards first, so that no background bleeds into the garment's rim.
    value = image.astype(np.float32) / 255 * weight
    near = cv2.GaussianBlur(weight, (0, 0), 1.5) + np.float32(1e-4)
    value = value + (1 - weight) * cv2.GaussianBlur(value, (0, 0), 1.5) / near
    smooth = cv2.resize(value, side, interpolation=cv2.INTER_CUBIC)
    edge = cv2.GaussianBlur(cv2.resize(weight, side, interpolation=cv2.INTER_CUBIC), (0, 0), 6)
    cover = np.clip((edge - 0.5) * 6 + 0.5, 0, 1) * 255
    return np.asarray(np.clip(smooth, 0, 1), np.float32), np.rint(cover).astype(np.uint8)


def _without_specks(inside: Pixels) -> Pixels:
    """Fill holes of the garment and drop stray dots, up to six pixels large.

    Larger holes stay: they are the gaps under a bag's handle or between a sandal's straps.
    """
    for paint, flip in ((255, True), (0, False)):
        count, parts, stats, _ = cv2.connectedComponentsWithStats(
            cv2.bitwise_not(inside) if flip else inside, connectivity=4
        )
        for part in range(1, count):
            if stats[part, cv2.CC_STAT_AREA] <= 6:
                inside[parts == part] = paint
    return inside


def _dyed(random: np.random.Generator, value: Plane, dark: bool) -> Pixels:
    """Colours of the garment. Fashion-MNIST is negated: value 1 is the darkest cloth."""
    if dark:
        low, high = random.uniform(0.04, 0.1), random.uniform(0.4, 0.5)
    else:
        low, high = random.uniform(0.5, 0.58), random.uniform(0.9, 0.97)
    brightness = high - (high - low) * value
    return np.asarray(np.rint(brightness[..., None] * _tint(random, 0.6) * 255), np.uint8)


def _tint(random: np.random.Generator, most: float) -> Plane:
    """Three factors, the largest 1, that colour a grey; `most` bounds the saturation."""
    saturation = random.uniform(0, most)
    tint = 1 - saturation * random.uniform(0, 1, 3)
    return np.asarray(tint / tint.max(), np.float32)


def _light(random: np.random.Generator) -> Plane:
    """Uneven light: a slope across the scene and the lens's vignette."""
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
    slope_x, slope_y = random.uniform(-0.1, 0.1, 2).astype(np.float32)
    vignette = np.float32(random.uniform(0.05, 0.15)) * (x * x + y * y) / 2
    return np.asarray(1 + slope_x * x + slope_y * y - vignette, np.float32)


_noise_field: Plane | None = None


def _noise(random: np.random.Generator) -> Plane:
    """Sensor noise: a window at a random place of one fixed field (drawing anew costs 15 ms)."""
    global _noise_field
    if _noise_field is None:
        shape = (HEIGHT + _NOISE_MARGIN, WIDTH + _NOISE_MARGIN, 3)
        _noise_field = np.random.default_rng(0).standard_normal(shape, np.float32) * _NOISE
    top, left = random.integers(0, _NOISE_MARGIN, 2)
    return np.asarray(_noise_field[top : top + HEIGHT, left : left + WIDTH], np.float32)
