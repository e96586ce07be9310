"""Still pictures of any common kind as 8-bit B, G, R pixels."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.decoding import damage, jpeg
from edgefmnist.camera.decoding.jpeg_structure import DamagedPicture
from edgefmnist.camera.pictures.headers import Header, Unreadable, is_picture, read_header
from edgefmnist.camera.pictures.limits import MOST_DECODED_BYTES, MOST_FILE_BYTES, MOST_PIXELS
from edgefmnist.camera.sources.opencv import cv2, outspoken
from edgefmnist.camera.turning import upright
from edgefmnist.errors import BadPicture
from edgefmnist.files import read_bytes
from edgefmnist.quiet import heard_stderr

_LARGE_PIXELS = 24_000_000  # from here on a smaller decoding is enough and much cheaper
_ENOUGH_PIXELS = 4_000_000
_LONGEST_SIDE = 30_000  # JPEG, which frames are kept and shown as, ends at 65,535

_AS_STORED = cv2.IMREAD_IGNORE_ORIENTATION  # else it depends on OpenCV's version and the format
_REDUCED = {4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture file, upright.

    pixels: uint8 [height, width, 3] in B, G, R order. full_size: width and height that the picture
    has in the file, upright too; `pixels` are fewer where it is large. taken: when, as EXIF says it
    (``2026:01:31 12:00:00``); empty where it does not.
    """

    pixels: npt.NDArray[np.uint8]
    full_size: tuple[int, int]
    taken: str = ""


def read_picture(path: Path) -> Picture:
    """Read one picture file.

    Grey becomes three equal channels, 16 bits become the upper 8, the orientation that the file
    names is applied, and of several pictures in it the first is taken. JPEG and PNG pictures over
    24 million pixels come out at a quarter or an eighth of their size, without transparency: the
    model sees 28x28 pixels and a JPEG decodes ten times cheaper that way. What would take more
    than `limits` allow is refused undecoded.

    Raises: BadPicture.
    """
    data = _file_bytes(path)
    try:
        header = read_header(data)
        shrink = _way(header)
    except Unreadable as error:
        raise BadPicture(f"{path} {error}") from error
    try:
        decoded = _checked(data, header, shrink)
    except DamagedPicture as error:
        raise BadPicture(f"{path} is a damaged picture: {error}") from error
    except cv2.error as error:  # a damage that OpenCV checks for, or no memory
        raise BadPicture(f"{path} is a damaged picture: {error.err}") from error
    if decoded is None:
        raise BadPicture(
            f"{path} is a damaged {header.kind}, or one that OpenCV {cv2.__version__} cannot decode"
        )
    size = (header.width, header.height)
    if header.orientation >= 5:
        size = size[::-1]
    pixels = np.asarray(upright(decoded, header.orientation), np.uint8)
    return Picture(pixels=pixels, full_size=size, taken=header.taken)


_JPEG_FILMS = (".mjpeg", ".mjpg")
"""JPEG pictures one after the other, as ``rpicam-vid --codec mjpeg`` writes them: each begins as a
single picture does."""


def is_still(path: Path) -> bool:
    """Whether a file begins as a picture does, and is not a film of several.

    Raises: BadPicture where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(64)
            if not is_picture(data) or path.suffix.lower() in _JPEG_FILMS:
                return False
            if data.startswith((b"GIF8", b"\x89PNG")):
                return not read_header(data + file.read(MOST_FILE_BYTES)).animated
            return True
    except OSError as error:
        raise BadPicture(f"cannot read {path}: {error.strerror}") from error
    except Unreadable:
        return True


def _file_bytes(path: Path) -> bytes:
    """What is in a file. Raises: BadPicture."""
    try:
        data = read_bytes(path, MOST_FILE_BYTES)
    except OSError as error:
        raise BadPicture(f"cannot read picture {path}: {error.strerror}") from error
    if not data:
        raise BadPicture(f"{path} is empty")
    return data


def _way(header: Header) -> int:
    """By how much the decoder makes the picture smaller: 1 (not at all), 4 or 8.

    Raises: Unreadable where even so it would take too much memory.
    """
    pixels = header.pixels
    if pixels > MOST_PIXELS:
        raise Unreadable(f"has {pixels // 10**6} million pixels: shrink it first")
    # Factors measured with OpenCV 5.0, which holds its output twice.
    depth = 2 if header.deep else 1
    whole = header.overhead_bytes + 2 * pixels * (4 * depth if header.alpha else 3)
    by_decoder = header.kind != "TIFF"  # there a reduced one is turned into the wrong shape
    if whole <= MOST_DECODED_BYTES and (pixels < _LARGE_PIXELS or header.alpha or not by_decoder):
        return 1
    factor = 4 if pixels / 16 < _ENOUGH_PIXELS else 8
    part = header.overhead_bytes + (0 if header.scales else 3 * pixels) + 6 * pixels // factor**2
    least = part if by_decoder else whole
    if least > MOST_DECODED_BYTES:
        raise Unreadable(
            f"has {pixels // 10**6} million pixels, and decoding this {header.kind} would take "
            f"{least // 10**6} MB of memory: shrink it first"
        )
    return factor


def _checked(data: bytes, header: Header, shrink: int) -> npt.NDArray[Any] | None:
    """Decode a whole picture. Raises: DamagedPicture, cv2.error."""
    if header.structure is not None:
        flag = cv2.IMREAD_COLOR if shrink == 1 else _REDUCED[shrink]
        return _shrunk(jpeg.decode_with(data, header.structure, flag | _AS_STORED), None)
    with heard_stderr() as said, outspoken():  # libpng and libtiff complain there by themselves
        decoded = _decode(data, header, shrink)
    damage.check(data, bytes(said))
    return decoded


def _decode(data: bytes, header: Header, shrink: int) -> npt.NDArray[Any] | None:
    if data[:2] in (b"P1", b"P2", b"P3"):
        data += b"\n"  # text whose last line has no end, which OpenCV takes for cut
    coded = np.frombuffer(data, np.uint8)
    if shrink > 1:
        return cv2.imdecode(coded, _REDUCED[shrink] | _AS_STORED)
    if header.white:
        whole = cv2.imdecode(coded, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
        return None if whole is None else cv2.convertScaleAbs(whole, alpha=255 / header.white)
    if header.alpha:
        whole = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
        if whole is None:
            return None
        if whole.ndim == 3 and whole.shape[2] == 4 and whole.itemsize <= 2:
            return _on_paper(_shrunk(whole, _ENOUGH_PIXELS))
        if whole.ndim == 3 and whole.dtype == np.uint8:
            return whole
    pixels = cv2.imdecode(coded, cv2.IMREAD_COLOR | _AS_STORED)
    large = pixels is not None and pixels.shape[0] * pixels.shape[1] >= _LARGE_PIXELS
    return None if pixels is None else _shrunk(pixels, _ENOUGH_PIXELS if large else None)


def _shrunk(picture: npt.NDArray[Any], pixels: int | None) -> npt.NDArray[Any]:
    """At most about so many pixels of it, and no side that JPEG could not hold."""
    height, width = picture.shape[:2]
    factor = min(1.0, _LONGEST_SIDE / max(height, width))
    if pixels is not None:
        factor = min(factor, (pixels / (height * width)) ** 0.5)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _on_paper(bgra: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
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
