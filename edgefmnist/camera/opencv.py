"""OpenCV with its own chatter switched off: a failure is told once, by our one-line error.

FFmpeg's log level is read from the environment when the first video is opened; OpenCV's can be
set at any time. Whoever sets either variable keeps what they asked for.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET

import cv2

if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

__all__ = ["cv2"]
