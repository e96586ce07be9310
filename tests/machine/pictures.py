"""What the webcam of the tests shows: scenes of the demo, as a camera would code them."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.camera.sources.demo import open_demo
from tests.machine.uvc import Kind

COUNT = 12
_APART = 6  # frames of the demo from one picture to the next
_DAMAGED_BYTES, _JPEG_HEAD = 40, 700


@functools.cache
def scenes(kind: Kind, size: tuple[int, int]) -> tuple[bytes, ...]:
    """`COUNT` pictures of `size` (width, height), all different, coded as `kind`."""
    return tuple(_coded(kind, pixels) for pixels in _scenes(size))


@functools.cache
def black(kind: Kind, size: tuple[int, int]) -> bytes:
    """A picture in which nothing is seen."""
    return _coded(kind, np.zeros((size[1], size[0], 3), np.uint8))


def noisy(jpeg: bytes, seed: int) -> bytes:
    """A JPEG with bytes of its coded pixels changed on the way."""
    data = bytearray(jpeg)
    for place in np.random.default_rng(seed).integers(_JPEG_HEAD, len(data) - 2, _DAMAGED_BYTES):
        data[place] ^= 0x55
    return bytes(data)


@functools.cache
def _scenes(size: tuple[int, int]) -> list[npt.NDArray[np.uint8]]:
    source = open_demo("demo", realtime=False, fps=None)
    noise = np.random.default_rng(0)
    made = []
    for number in range(COUNT * _APART):
        frame = source.read()
        assert frame is not None
        if number % _APART == 0:
            pixels = cv2.resize(frame.pixels, size).astype(np.int16)
            pixels += noise.integers(-2, 3, pixels.shape, np.int16)  # as every sensor has
            made.append(np.clip(pixels, 0, 255).astype(np.uint8))
    return made


def _coded(kind: Kind, pixels: npt.NDArray[np.uint8]) -> bytes:
    if kind == "mjpg":
        return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    luma, *colors = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV))
    if kind == "grey":
        return luma.tobytes()
    packed = np.empty((*luma.shape, 2), np.uint8)
    packed[..., 0] = luma
    packed[:, 0::2, 1], packed[:, 1::2, 1] = (color[:, 0::2] for color in colors)
    return packed.tobytes()
