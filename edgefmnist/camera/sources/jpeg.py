"""JPEG pictures off a wire or a cable: whole ones only."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.quiet import heard_stderr

_START, _SCAN, _END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"  # markers SOI, SOS, EOI
_HARMLESS = re.compile(rb"Corrupt JPEG data: (\d+) extraneous bytes before marker")
_FEW_BYTES = 32


def decode(data: bytes) -> npt.NDArray[np.uint8] | None:
    """Decode one JPEG; None where any of it is missing or damaged.

    OpenCV hands out a picture with grey, or with rows of the picture before (opencv#26488), in
    place of what is missing, and only libjpeg's warning on stderr tells. Some webcams put a few
    bytes too many before each restart marker (opencv#9477), which spoils nothing: that passes.

    Returns: uint8 [height, width, 3] in B, G, R order.
    """
    # Coded data never holds the end marker by chance (its 0xFF bytes are stuffed), but the
    # thumbnail in a header has one of its own.
    if not data.startswith(_START) or data.rfind(_END) < data.rfind(_SCAN):
        return None
    try:
        with heard_stderr() as said:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # a declared size that OpenCV refuses
        return None
    if pixels is None or (said and not _is_harmless(bytes(said))):
        return None
    return np.asarray(pixels, np.uint8)


def _is_harmless(warning: bytes) -> bool:
    found = _HARMLESS.match(warning)
    return found is not None and int(found[1]) <= _FEW_BYTES
