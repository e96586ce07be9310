"""Kept frames as the page shows them: small, the outline of the garment found drawn in."""

from __future__ import annotations

import collections
import dataclasses
import threading
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.camera.labelling.moving import FrameFiles
from edgefmnist.camera.pictures.finding import Finding, outlines_of, read_finding
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
    found = read_finding(frame.photo) or _found_in(pixels)
    height, width = pixels.shape[:2]
    scale = min(1.0, WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    _draw(small, [np.rint(one * scale).astype(np.int32) for one in found.outlines])
    return Shown(
        photo=_coded(".jpg", small),
        seen=b"" if found.picture is None else _coded(".png", found.picture),
    )


def _found_in(pixels: Pixels) -> Finding:
    """Of a frame without a record: what is found in it without the camera's background."""
    found = Preprocessor().prepare(pixels)
    outlines = () if found.mask is None else outlines_of(found.mask)
    return Finding(picture=found.picture, outlines=outlines)


def _draw(picture: Pixels, outlines: Sequence[npt.NDArray[np.int32]]) -> None:
    for thickness, color in zip((4, 2), _LINE_BGR, strict=True):
        cv2.polylines(picture, outlines, True, color, thickness, cv2.LINE_AA)


def _coded(suffix: str, pixels: Pixels) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if suffix == ".jpg" else []
    done, coded = cv2.imencode(suffix, pixels, options)
    assert done
    return bytes(coded.tobytes())
