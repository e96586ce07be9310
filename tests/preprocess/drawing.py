"""Pictures drawn for the tests: simple garments on simple grounds, with where they lie."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

# Outlines in a unit square, (x, y) from the top left.
TSHIRT = np.array(
    [(0.3, 0), (0.7, 0), (1, 0.2), (0.9, 0.42), (0.77, 0.33), (0.77, 1), (0.23, 1), (0.23, 0.33),
     (0.1, 0.42), (0, 0.2)]
)  # fmt: skip
TROUSERS = np.array([(0.25, 0), (0.75, 0), (0.9, 1), (0.62, 1), (0.5, 0.3), (0.38, 1), (0.1, 1)])

GROUNDS = ("plain", "gradient", "grain", "stripes", "blotches")


def ground(
    kind: str, level: float = 200, *, height: int = 480, width: int = 640, seed: int = 0
) -> Pixels:
    """An empty scene, uint8 [height, width, 3], of mean brightness `level`."""
    random = np.random.default_rng(seed)
    x = np.linspace(-1, 1, width)[None, :]
    plane = np.full((height, width), level, np.float64)
    if kind == "gradient":
        plane += 25 * x
    elif kind == "grain":
        plane += random.normal(0, 12, plane.shape)
    elif kind == "stripes":
        plane += 6 * np.sin(40 * x)
    elif kind == "blotches":
        cells = random.normal(0, 5, (6, 8)).astype(np.float32)
        plane += cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    plane += random.normal(0, 2, plane.shape)  # a sensor's noise
    grey = np.clip(plane, 0, 255).astype(np.uint8)
    return cv2.merge((grey, grey, grey)).astype(np.uint8)


def lay(
    scene: Pixels, outline: npt.NDArray[np.float64], box: tuple[int, int, int, int], level: int
) -> Pixels:
    """The scene with a garment of brightness `level` filling `box` (x, y, width, height)."""
    x, y, width, height = box
    corners = np.rint(outline * (width - 1, height - 1) + (x, y)).astype(np.int32)
    drawn = scene.copy()
    cv2.fillPoly(drawn, [corners], (level, level, level), cv2.LINE_AA)
    return drawn
