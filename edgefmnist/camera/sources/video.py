"""A video file, frame by frame."""

from __future__ import annotations

from pathlib import Path

from edgefmnist.camera.sources.opencv import cv2, next_frame
from edgefmnist.errors import BadPicture
from edgefmnist.records import Frame


def open_video(path: Path) -> VideoSource:
    """Open a video file. Raises: BadPicture where nothing in it can be decoded."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise _undecodable(path)
    return VideoSource(capture, path)


def _undecodable(path: Path) -> BadPicture:
    return BadPicture(
        f"{path} cannot be decoded as a video: convert it, for example with "
        f"'ffmpeg -i {path} out.mp4'"
    )


class VideoSource:
    """Every frame of a video file in order; see `source.Source`."""

    live = False

    def __init__(self, capture: cv2.VideoCapture, path: Path) -> None:
        """Take over an open `capture`."""
        self.name = path.name
        self._path = path
        self._capture = capture
        self._count = 0

    def read(self) -> Frame | None:
        """The next frame, None at the end. Raises: BadPicture where not even the first is good."""
        frame = next_frame(self._capture, self._count)
        if frame is None:
            if self._count == 0:
                raise _undecodable(self._path)
            return None
        self._count += 1
        return frame

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
