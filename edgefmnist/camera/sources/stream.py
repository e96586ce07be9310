"""Network streams through OpenCV's FFmpeg: rtsp, tcp, and http(s) where it is not MJPEG.

A stream whose pictures change their size goes on at the size it began with, since OpenCV 5 scales
them, or ends, with OpenCV 4.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from edgefmnist.camera.source import without_password
from edgefmnist.camera.sources.opencv import cv2, next_frame
from edgefmnist.errors import CameraUnavailable
from edgefmnist.records import Frame

OPEN_TIMEOUT_MS = 8000
READ_TIMEOUT_MS = 5000
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"


def open_stream(uri: str) -> StreamSource:
    """Connect to a stream. Raises: CameraUnavailable after at most `OPEN_TIMEOUT_MS`."""
    with _capture_options(uri):
        capture = cv2.VideoCapture(
            uri,
            cv2.CAP_FFMPEG,
            [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS),
            ],
        )
    if not capture.isOpened():
        capture.release()
        raise CameraUnavailable(
            f"no video from {without_password(uri)}: check that address, port and path are right "
            "and that the sender runs"
        )
    return StreamSource(capture, without_password(uri))


@contextlib.contextmanager
def _capture_options(uri: str) -> Iterator[None]:
    """FFmpeg options while a stream is opened, unless the user has set their own.

    Without nobuffer FFmpeg hoards the frames that it looked at while probing, and the picture
    stays that far behind. RTSP over UDP loses packets on busy Wi-Fi and smears; TCP does not.
    """
    if _OPTIONS in os.environ:
        yield
        return
    options = "fflags;nobuffer|flags;low_delay"
    os.environ[_OPTIONS] = f"rtsp_transport;tcp|{options}" if uri.startswith("rtsp") else options
    try:
        yield
    finally:
        del os.environ[_OPTIONS]


class StreamSource:
    """Frames of a network stream; see `source.Source`."""

    live = True

    def __init__(self, capture: cv2.VideoCapture, name: str) -> None:
        """Take over an open `capture`."""
        self.name = name
        self._capture = capture
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for the next frame. Raises: CameraUnavailable where the stream ends or stalls."""
        frame = next_frame(self._capture, self._count)
        if frame is None:
            raise CameraUnavailable(
                f"{self.name} ended or gave no frame for {READ_TIMEOUT_MS // 1000} s "
                f"(after {self._count}): check the sender, then start again"
            )
        self._count += 1
        return frame

    def close(self) -> None:
        """Disconnect."""
        self._capture.release()
