"""Still pictures of any common kind as 8-bit B, G, R pixels."""

from __future__ import annotations

import stat
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.decoding import damage, jpeg
from edgefmnist.camera.decoding.jpeg_structure import DamagedPicture
from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.errors import BadPicture
from edgefmnist.quiet import heard_stderr

_LARGE_PIXELS = 24_000_000  # from here on a smaller decoding is enough and much cheaper
_TOO_MANY_PIXELS = 400_000_000  # 1.2 GB decoded: more than most Pis have
_LARGEST_FILE = 1 << 30

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Read one picture file.

    Grey becomes three equal channels, 16 bits become the upper 8, EXIF orientation is applied.
    JPEG and PNG pictures over 24 million pixels come out at a quarter or an eighth of their size,
    without transparency: the model sees 28x28 pixels and a JPEG decodes ten times cheaper that
    way. Over 400 million pixels they are refused undecoded.

    Returns: uint8 [height, width, 3] in B, G, R order.
    Raises: BadPicture.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # reading a pipe or a device may never end
            raise BadPicture(f"{path} is not a file but a directory, a pipe or a device")
        if about.st_size > _LARGEST_FILE:
            raise BadPicture(f"{path} is over 1 GiB: shrink it first")
        data = path.read_bytes()
    except OSError as error:
        raise BadPicture(f"cannot read picture {path}: {error.strerror}") from error
    if not data:
        raise BadPicture(f"{path} is empty")
    pixels = count_pixels(data)
    if pixels > _TOO_MANY_PIXELS:
        raise BadPicture(f"{path} has {pixels // 10**6} million pixels: shrink it first")
    try:
        if data.startswith(_JPEG):
            return jpeg.decode_with(data, _flag(pixels))
        with heard_stderr() as said:  # libpng and libtiff complain there by themselves
            picture = _decode(data, pixels)
        damage.check(data, bytes(said))
    except DamagedPicture as error:
        raise BadPicture(f"{path} is a damaged picture: {error}") from error
    except cv2.error as error:  # declared sizes that OpenCV refuses
        raise BadPicture(f"{path} is a damaged picture: {error.err}") from error
    if picture is None:
        raise BadPicture(f"{path} is not a picture, or a damaged one: want JPEG, PNG or the like")
    return picture


def count_pixels(data: bytes) -> int:
    """Width times height as a JPEG or PNG declares it, without decoding; 0 where not known."""
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width) * int(height)
    if data.startswith(_JPEG):
        at = 2
        while at + 9 <= len(data) and data[at] == 0xFF:
            marker = data[at + 1]
            # The frame headers SOF0..SOF15 hold the size; C4, C8 and CC are other segments.
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[at + 5 : at + 9])
                return int(width) * int(height)
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0


def _decode(data: bytes, pixels: int) -> npt.NDArray[np.uint8] | None:
    coded = np.frombuffer(data, np.uint8)
    if pixels >= _LARGE_PIXELS:
        return _bytes(cv2.imdecode(coded, _flag(pixels)))
    whole = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:
        return _on_paper(_shrunk(whole))
    return _bytes(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _flag(pixels: int) -> int:
    if pixels < _LARGE_PIXELS:
        return cv2.IMREAD_COLOR
    return cv2.IMREAD_REDUCED_COLOR_4 if pixels < 64_000_000 else cv2.IMREAD_REDUCED_COLOR_8


def _shrunk(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """At most about 4 million pixels of it, so that blending stays cheap."""
    factor = (4_000_000 / (picture.shape[0] * picture.shape[1])) ** 0.5
    if factor >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _bytes(picture: npt.NDArray[np.generic] | None) -> npt.NDArray[np.uint8] | None:
    return None if picture is None else np.asarray(picture, np.uint8)


def _on_paper(bgra: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """A cut-out laid on paper.

    White, as shops show products and as Fashion-MNIST's own photos were taken; dark grey under a
    cut-out that is itself near white, which would vanish.
    """
    full = 65535.0 if bgra.dtype == np.uint16 else 255.0
    levels = bgra.astype(np.float32) / full
    cover = levels[..., 3:]
    seen = cover[..., 0] > 0.5
    light = bool(seen.any()) and float(levels[..., :3][seen].mean()) > 0.8
    paper = 0.25 if light else 1.0
    blend = (levels[..., :3] * cover + paper * (1 - cover)) * 255
    return np.asarray(np.rint(blend), np.uint8)
