"""The camera's path with one step switched off or replaced.

Each variant replaces functions of `edgefmnist.preprocess` by name for as long as it is measured.
A step that loses its function there must be followed here: replacing what does not exist fails.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.photos import segmentation
from edgefmnist.preprocess import Prepared, whole_scene
from edgefmnist.preprocess.pipeline import at_size_of

Pixels = npt.NDArray[np.uint8]

_PIPELINE = "edgefmnist.preprocess.pipeline"
_FINDING = "edgefmnist.preprocess.find"
_FITTING = "edgefmnist.preprocess.fit"
_PREPARE = f"{_PIPELINE}.Preprocessor.prepare"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """replace: dotted name of a function to what stands in for it."""

    name: str
    replace: dict[str, Callable[..., Any]]

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Replace for the length of the block."""
        with contextlib.ExitStack() as stack:
            for target, stand_in in self.replace.items():
                stack.enter_context(mock.patch(target, stand_in))
            yield


def _whole(_: object, pixels_bgr: Pixels) -> Prepared:
    return _taken_for_garment(pixels_bgr, whole_scene(pixels_bgr))


def _centre(_: object, pixels_bgr: Pixels) -> Prepared:
    height, width = pixels_bgr.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels_bgr[top : top + side, left : left + side]
    return _taken_for_garment(pixels_bgr, whole_scene(square))


def _taken_for_garment(pixels: Pixels, picture: Pixels) -> Prepared:
    height, width = pixels.shape[:2]
    mask = np.full((height, width), 255, np.uint8)
    return Prepared(picture=picture, box=(0, 0, width, height), mask=mask)


def _fit_box(bgr: Pixels, mask: Pixels) -> Pixels | None:
    """The garment drawn with what else is in its upright box."""
    from edgefmnist.preprocess.fit import fit

    x, y, width, height = cv2.boundingRect(mask)
    box = np.zeros_like(mask)
    box[y : y + height, x : x + width] = 255
    return fit(bgr, box)


def _all_parts(mask: Pixels) -> Pixels | None:
    return mask if mask.any() else None


def _plain_negative(bgr: Pixels, _: object) -> npt.NDArray[np.float32]:
    grey = bgr.astype(np.float32) @ np.array([0.114, 0.587, 0.299], np.float32)
    return np.asarray(np.clip(255 - grey, 1, 255), np.float32)


AS_IT_IS = Variant(name="the path as it is", replace={})

ABLATIONS = (
    Variant(name="no search: the whole photo, resized", replace={_PREPARE: _whole}),
    Variant(name="no search: the middle square", replace={_PREPARE: _centre}),
    Variant(name="ground left in the garment's box", replace={f"{_PIPELINE}.fit": _fit_box}),
    Variant(name="grain left in", replace={f"{_FINDING}.without_grain": lambda bgr: bgr}),
    Variant(
        name="no coarse cut", replace={f"{_FINDING}.cut": lambda bgr: np.zeros_like(bgr[..., 0])}
    ),
    Variant(name="coarse cut not refined", replace={f"{_FINDING}.refine": at_size_of}),
    Variant(name="all parts of the cut kept", replace={f"{_FINDING}.main_region": _all_parts}),
    Variant(name="edges not asked", replace={f"{_FINDING}.whole_of": lambda bgr, part: None}),
    Variant(
        name="weak outlines not refused",
        replace={f"{_FINDING}.outline_contrast": lambda mask, sides: np.inf},
    ),
    Variant(
        name="outline not settled",
        replace={f"{_FINDING}.settle_outline": lambda lab, mask, sides: mask},
    ),
    Variant(
        name="white garments not lifted", replace={f"{_FITTING}.garment_tones": _plain_negative}
    ),
    Variant(name="not sharpened", replace={f"{_FITTING}.sharpened": lambda small, kept: small}),
)
"""Each switches one step off, in the order in which the steps are taken."""


APPROACHES = tuple(
    Variant(name=name, replace={f"{_PIPELINE}.find_garment": find})
    for name, find in segmentation.APPROACHES.items()
)
"""Other ways to find the garment, each in place of the one in use."""
