"""What a camera also sees: things that are none of the ten classes, out of Fashion-MNIST's cloth.

Shown to the network as examples of nothing it knows (outlier exposure, Hendrycks et al. 2019, "Deep
Anomaly Detection with Outlier Exposure"). Shorts are trousers cut off; skirts are the lower part of
dresses or the body of a top; hats, hands and other shapes are cut from any cloth; the last kind is
a shred of a garment, as is left when the search for it fails.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from edgefmnist.augment.canvas import (
    CANVAS,
    SQUARE,
    Cloth,
    Pixels,
    Plane,
    Random,
    Warp,
    lay,
    lift,
    smooth_noise,
)
from edgefmnist.augment.garments import drawn
from edgefmnist.augment.tones import pattern
from edgefmnist.augment.wear import largest
from edgefmnist.dataset import Samples
from edgefmnist.preprocess.fit import SIDE
from edgefmnist.records import LABELS

_MIDDLE, _HALF = CANVAS // 2, SQUARE // 2
Laid = tuple[Plane, Pixels]
Point = tuple[int, int]


def outlier(samples: Samples, rng: Random) -> Pixels:
    """Draw one thing that is no garment of the data set, uint8 [28, 28], on a ground of 0.

    samples: pictures whose cloth is used, at least one of every class.
    """
    kind: Callable[[Samples, Random], Laid] = rng.choice(
        np.array([_shorts, _skirt, _hat, _shape, _shred]), p=[0.25, 0.25, 0.2, 0.2, 0.1]
    )
    tones, mask = kind(samples, rng)
    return drawn(tones, mask, rng, np.zeros((SIDE, SIDE), np.uint8))


def _any_of(samples: Samples, names: tuple[str, ...], rng: Random) -> tuple[str, Cloth]:
    """A garment of one of the classes called `names`, and its class."""
    name = names[rng.integers(len(names))]
    wanted = LABELS.index(name)
    at = rng.integers(len(samples.labels))
    while samples.labels[at] != wanted:  # quicker than listing the fitting ones
        at = rng.integers(len(samples.labels))
    return name, lift(samples.images[at])


def _without(cloth: Cloth, *parts: tuple[slice, slice]) -> Cloth:
    cover = cloth.cover.copy()
    for part in parts:
        cover[part] = 0
    return Cloth(cloth.tones, cover)


def _shorts(samples: Samples, rng: Random) -> Laid:
    _, cloth = _any_of(samples, ("Trouser",), rng)
    _, top, _, height = cloth.box
    knee = top + int(height * rng.uniform(0.32, 0.66))
    wide = rng.uniform(1.0, 1.9) ** 0.5
    warp = Warp(
        rotation=rng.normal(0, 8),
        scale=(1.3 * wide, 1.3 / wide),
        shear=rng.normal(0, 0.08),
        mirror=bool(rng.random() < 0.5),
        shift=(0, 0.3),
        legs=rng.uniform(0, 0.5) if rng.random() < 0.7 else 0.0,
        taper=rng.uniform(-0.3, 0.1),
        waves=0.04 * rng.random(),
    )
    return lay(_without(cloth, np.s_[knee:, :]), warp, rng)


def _skirt(samples: Samples, rng: Random) -> Laid:
    name, cloth = _any_of(samples, ("Dress", "Dress", "Dress", "Coat", "Shirt", "Pullover"), rng)
    left, top, width, height = cloth.box
    waist = top + int(height * rng.uniform(0.3, 0.65))
    cloth = _without(cloth, np.s_[:waist, :])
    if name == "Dress":
        wide = rng.uniform(0.8, 2.2) ** 0.5
    else:  # the body without the sleeves
        half = width * rng.uniform(0.2, 0.32)
        ends = max(0, int(left + width / 2 - half)), int(left + width / 2 + half)
        cloth = _without(cloth, np.s_[:, : ends[0]], np.s_[:, ends[1] :])
        wide = rng.uniform(0.7, 1.6) ** 0.5
    warp = Warp(
        rotation=rng.normal(0, 8),
        scale=(1.2 * wide, 1.2 / wide),
        shear=rng.normal(0, 0.08),
        mirror=bool(rng.random() < 0.5),
        shift=(0, -0.3),
        taper=rng.uniform(-0.7, 0.1),
        waves=0.05 * rng.random(),
    )
    return lay(cloth, warp, rng)


def _shred(samples: Samples, rng: Random) -> Laid:
    _, cloth = _any_of(samples, LABELS, rng)
    left, top, width, height = cloth.box
    share = rng.uniform(0.12, 0.35)
    cut = (
        np.s_[top + int(height * share) :, :],
        np.s_[: top + int(height * (1 - share)), :],
        np.s_[:, left + int(width * share) :],
        np.s_[:, : left + int(width * (1 - share))],
    )[rng.integers(4)]
    return lay(_without(cloth, cut), Warp(rotation=rng.normal(0, 20)), rng)


def _sheet(samples: Samples, rng: Random) -> Plane:
    """A canvas full of some garment's cloth."""
    _, cloth = _any_of(samples, LABELS, rng)
    scale = rng.uniform(1.5, 3)
    rotation = rng.uniform(-180, 180) if rng.random() < 0.3 else 0.0
    return lay(cloth, Warp(rotation=rotation, scale=(scale, scale)), rng)[0]


def _hat(samples: Samples, rng: Random) -> Laid:
    """A dome on a band (knitted), with a visor (a cap), or on a brim."""
    tones, mask = _sheet(samples, rng), np.zeros((CANVAS, CANVAS), np.uint8)
    wide, high = int(rng.uniform(9, 17)), int(rng.uniform(9, 21))
    base = (_MIDDLE, _MIDDLE + int(rng.uniform(0, 7)))
    cv2.ellipse(mask, base, (wide, high), 0, 180, 360, 1, -1)
    kind = rng.random()
    draw = _band if kind < 0.45 else _visor if kind < 0.8 else _brim
    tones = draw(tones, mask, base, wide, high, rng)
    rotation = rng.normal(0, 12) if rng.random() < 0.8 else rng.uniform(-180, 180)
    return _turned(tones, mask, rotation, rng)


def _band(tones: Plane, mask: Pixels, base: Point, wide: int, high: int, rng: Random) -> Plane:
    x, y = base
    edge, depth = int(rng.uniform(-2, 4)), int(rng.uniform(1, 8))
    cv2.rectangle(mask, (x - wide - edge, y), (x + wide + edge, y + depth), 1, -1)
    tones[y : y + depth] += np.float32(rng.uniform(-60, 60))
    if rng.random() < 0.25:
        cv2.circle(mask, (x, y - high), int(rng.uniform(2, 5)), 1, -1)  # the bobble
    return tones


def _visor(tones: Plane, mask: Pixels, base: Point, wide: int, high: int, rng: Random) -> Plane:
    visor = np.zeros_like(mask)
    aside = int(rng.normal(0, 6)) if rng.random() < 0.4 else 0
    depth = int(rng.uniform(3, 16))
    axes = (int(wide * rng.uniform(0.8, 1.2)), depth)
    cv2.ellipse(visor, (base[0] + aside, base[1]), axes, 0, 0, 180, 1, -1)
    tones = np.where(visor > 0, tones + rng.uniform(-90, 90), tones).astype(np.float32)
    mask |= visor
    if rng.random() < 0.5:
        seam = (wide, max(2, depth // 3))
        cv2.ellipse(
            tones, base, seam, 0, 0, 360, float(rng.uniform(20, 250)), int(rng.integers(1, 3))
        )
    return tones


def _brim(tones: Plane, mask: Pixels, base: Point, wide: int, high: int, rng: Random) -> Plane:
    cv2.ellipse(mask, base, (int(wide * 1.4), int(high * 0.4) + 2), 0, 0, 360, 1, -1)
    if rng.random() < 0.5:
        tones[max(0, base[1] - 4) : base[1]] += np.float32(rng.uniform(-90, 90))
    return tones


def _turned(tones: Plane, mask: Pixels, rotation: float, rng: Random) -> Laid:
    matrix = cv2.getRotationMatrix2D((_MIDDLE, _MIDDLE), rotation, 1)
    skew = [[rng.uniform(0.85, 1.15), rng.normal(0, 0.1)], [0, rng.uniform(0.85, 1.15)]]
    matrix[:, :2] = matrix[:, :2] @ np.array(skew)
    matrix[:, 2] = _MIDDLE - matrix[:, :2] @ [_MIDDLE, _MIDDLE]
    size = (CANVAS, CANVAS)
    tones = cv2.warpAffine(tones, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    return tones, np.asarray(cv2.warpAffine(mask, matrix, size), np.uint8)


def _shape(samples: Samples, rng: Random) -> Laid:
    """Cloth or a pattern in a shape that is nobody's: rounds, boxes, rags, hands, a whole scene."""
    if rng.random() < 0.6:
        tones = _sheet(samples, rng)
    else:
        tones = cv2.resize(pattern(rng), (CANVAS, CANVAS)) * np.float32(rng.uniform(0, 90))
        tones = (tones + rng.uniform(20, 240)).astype(np.float32)
    draw = (_round, _boxed, _angular, _rag, _hand, _scene)[rng.integers(6)]
    mask = np.zeros((CANVAS, CANVAS), np.uint8)
    return tones, draw(mask, rng)


def _round(mask: Pixels, rng: Random) -> Pixels:
    axes = (int(rng.uniform(6, _HALF)), int(rng.uniform(6, _HALF)))
    cv2.ellipse(mask, (_MIDDLE, _MIDDLE), axes, rng.uniform(0, 180), 0, 360, 1, -1)
    return mask


def _boxed(mask: Pixels, rng: Random) -> Pixels:
    wide, high = 2 * rng.uniform(4, _HALF, 2)
    angle = rng.normal(0, 10) if rng.random() < 0.6 else rng.uniform(0, 90)
    corners = cv2.boxPoints(((_MIDDLE, _MIDDLE), (wide, high), angle))
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask


def _angular(mask: Pixels, rng: Random) -> Pixels:
    count = int(rng.integers(3, 9))
    angle, reach = np.sort(rng.uniform(0, 2 * np.pi, count)), rng.uniform(6, _HALF, count)
    corners = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1) + _MIDDLE
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask


def _rag(_: Pixels, rng: Random) -> Pixels:
    """What a cut of a scene without a garment leaves."""
    noise = smooth_noise(rng, int(rng.integers(3, 10)), CANVAS)
    return largest((noise > rng.uniform(-0.6, 0.8)).astype(np.uint8))


def _hand(mask: Pixels, rng: Random) -> Pixels:
    centre, towards = (_MIDDLE, _MIDDLE), rng.uniform(0, 2 * np.pi)
    cv2.circle(mask, centre, int(rng.uniform(6, 9)), 1, -1)
    fingers = [towards + (k - 2) * rng.uniform(0.3, 0.5) for k in range(int(rng.integers(2, 6)))]
    limbs = [(angle, rng.uniform(11, _HALF), rng.integers(3, 6)) for angle in fingers]
    limbs.append((towards + np.pi, _HALF + 1.0, rng.integers(6, 11)))  # the arm
    for angle, reach, width in limbs:
        end = (int(_MIDDLE + reach * np.cos(angle)), int(_MIDDLE + reach * np.sin(angle)))
        cv2.line(mask, centre, end, 1, int(width))
    return mask


def _scene(mask: Pixels, rng: Random) -> Pixels:
    mask[_MIDDLE - _HALF + int(rng.uniform(0, 6)) : _MIDDLE + _HALF, _MIDDLE - _HALF :] = 1
    mask[:, _MIDDLE + _HALF :] = 0
    return mask
