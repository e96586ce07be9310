"""OpenCV with its own chatter switched off: a failure is reported once, by our one-line error.

Whoever sets OPENCV_LOG_LEVEL keeps what they asked for.
"""

from __future__ import annotations

import os
import time

import numpy as np

from edgefmnist.records import Frame

# Beyond this it refuses undecoded, whatever the format: a Pi has not the memory.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "400000000")

import cv2

if "OPENCV_LOG_LEVEL" not in os.environ:
    # Up to 4.11, which 32-bit systems take, it stands elsewhere than from 4.12 on.
    _set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    _set_level(0)  # LOG_LEVEL_SILENT

__all__ = ["cv2", "next_frame"]


def next_frame(capture: cv2.VideoCapture, index: int) -> Frame | None:
    """The next frame of an open `capture` as number `index`; None where none could be read."""
    # OpenCV hands out its last or an empty picture along with good=False.
    good, pixels = capture.read()
    now = time.monotonic_ns()
    if not good or pixels is None:
        return None
    return Frame(pixels=np.asarray(pixels, np.uint8), captured_ns=now, index=index)
