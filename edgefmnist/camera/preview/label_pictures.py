"""Kept frames as the page shows them: small, the outline of the garment found drawn in."""

from __future__ import annotations

import collections
import dataclasses
import threading

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.camera.labelling.moving import FrameFiles
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.preprocess import Preprocessor

WIDTH = 400
"""Pixels of a picture across, at most: twice a card of the page on a phone."""

_QUALITY = 80
_LINE_BGR = ((0, 0, 0), (80, 220, 60))  # bright on a dark edge: seen on any ground
_REMEMBERED = 200  # of 20 KB

Pixels = npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """photo: JPEG. seen: PNG of the 28x28; empty where no garment is found."""

    photo: bytes
    seen: bytes


class LabelPictures:
    """Makes and remembers them; one at a time, since the camera needs the processor."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._lock = threading.Lock()
        self._made: collections.OrderedDict[str, Shown] = collections.OrderedDict()

    def of(self, frame: FrameFiles) -> Shown:
        """How `frame` is shown. Raises: BadPicture."""
        with self._lock:
            made = self._made.pop(frame.stem, None) or _make(frame)
            self._made[frame.stem] = made
            if len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
            return made


def _make(frame: FrameFiles) -> Shown:
    pixels = read_picture(frame.photo).pixels
    found = Preprocessor().prepare(pixels)
    height, width = pixels.shape[:2]
    scale = min(1.0, WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if found.mask is not None:
        _draw_outline(small, found.mask, size)
    return Shown(
        photo=_coded(".jpg", small),
        seen=b"" if found.picture is None else _coded(".png", found.picture),
    )


def _draw_outline(picture: Pixels, mask: Pixels, size: tuple[int, int]) -> None:
    shrunk = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    inside = np.asarray(shrunk > 127, np.uint8)
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for thickness, color in zip((4, 2), _LINE_BGR, strict=True):
        cv2.drawContours(picture, outlines, -1, color, thickness, cv2.LINE_AA)


def _coded(suffix: str, pixels: Pixels) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if suffix == ".jpg" else []
    done, coded = cv2.imencode(suffix, pixels, options)
    assert done
    return bytes(coded.tobytes())
