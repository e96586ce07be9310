"""OpenCV with its own chatter switched off: a failure is reported once, by our one-line error.

Whoever sets OPENCV_LOG_LEVEL keeps what they asked for.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

import numpy as np

from edgefmnist.records import Frame

# Beyond this it refuses undecoded, whatever the format: a Pi has not the memory.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "400000000")

import cv2

# Up to 4.11 (32-bit systems take 4.8 or 4.9) it stands elsewhere than from 4.12 on.
_set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
_SILENT, _ERRORS = 0, 2
if "OPENCV_LOG_LEVEL" not in os.environ:
    _set_level(_SILENT)

__all__ = ["cv2", "next_frame", "outspoken"]


@contextlib.contextmanager
def outspoken() -> Iterator[None]:
    """Let OpenCV write its errors on stderr in this block: some it reports in no other way."""
    if "OPENCV_LOG_LEVEL" in os.environ:
        yield
        return
    _set_level(_ERRORS)
    try:
        yield
    finally:
        _set_level(_SILENT)


def next_frame(capture: cv2.VideoCapture, index: int) -> Frame | None:
    """The next frame of an open `capture` as number `index`; None where none could be read."""
    # OpenCV hands out its last or an empty picture along with good=False.
    good, pixels = capture.read()
    now = time.monotonic_ns()
    if not good or pixels is None:
        return None
    return Frame(pixels=np.asarray(pixels, np.uint8), captured_ns=now, index=index)
