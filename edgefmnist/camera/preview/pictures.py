"""A frame as viewers see it: small, with the garment's box, and marked where it is not live."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.events import CameraEvent
from edgefmnist.camera.sources.opencv import cv2

MAX_WIDTH = 640
_QUALITY = 80
_BOX_BGR = ((0, 0, 0), (80, 220, 60))  # bright on a dark edge: seen on any ground
_NOTHING = (480, 640)

Pixels = npt.NDArray[np.uint8]


def draw(event: CameraEvent | None, mark: str) -> bytes:
    """The newest frame as JPEG, at most `MAX_WIDTH` wide.

    mark: empty, or why this is not a live picture: then it is dimmed and says so, because who
    looks at the stream alone sees nothing else.
    """
    if event is None:
        picture = np.full((*_NOTHING, 3), 32, np.uint8)
    else:
        picture, scale = _shrink(event.pixels)
        if event.box is not None:
            _draw_box(picture, event.box, scale)
    if mark:
        picture = _dim(picture, mark)
    done, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return bytes(coded.tobytes())


def _shrink(pixels: Pixels) -> tuple[Pixels, float]:
    """A small copy and its scale."""
    height, width = pixels.shape[:2]
    scale = min(1.0, MAX_WIDTH / width)
    if scale == 1.0:
        return pixels.copy(), scale
    # Of a very large frame every nth pixel is plenty, and far cheaper than the mean of all.
    step = max(1, width // (2 * MAX_WIDTH))
    size = (MAX_WIDTH, max(1, round(height * scale)))
    small = cv2.resize(pixels[::step, ::step], size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), scale


def _draw_box(picture: Pixels, box: tuple[int, int, int, int], scale: float) -> None:
    left, top, width, height = (round(side * scale) for side in box)
    right, bottom = left + max(width, 1) - 1, top + max(height, 1) - 1
    for thickness, colour in zip((4, 2), _BOX_BGR, strict=True):
        cv2.rectangle(picture, (left, top), (right, bottom), colour, thickness)


def _dim(picture: Pixels, mark: str) -> Pixels:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    dimmed = np.repeat((grey * 0.5).astype(np.uint8)[..., None], 3, axis=2)
    size = picture.shape[1] / MAX_WIDTH
    at = (round(16 * size), picture.shape[0] - round(20 * size))
    words = f"NOT LIVE: {mark}"
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(dimmed, words, at, font, 0.9 * size, (255, 255, 255), 2, cv2.LINE_AA)
    return dimmed
