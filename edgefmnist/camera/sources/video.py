"""A video file, frame by frame."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from edgefmnist.camera.sources.opencv import cv2, next_frame
from edgefmnist.camera.sources.pace import Pace
from edgefmnist.errors import BadPicture
from edgefmnist.records import Frame

_DEFAULT_FPS = 30.0  # where the file does not tell


def open_video(path: Path, *, realtime: bool = False, loop: bool = False) -> VideoSource:
    """Open a video file.

    realtime: at the file's own frame rate, as a camera would. loop: again from its end on.

    Raises: BadPicture where nothing in it can be decoded.
    """
    return VideoSource(_open(path), path, realtime=realtime, loop=loop)


def _open(path: Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise _undecodable(path)
    return capture


def _undecodable(path: Path) -> BadPicture:
    return BadPicture(
        f"{path} cannot be decoded as a video: convert it, for example with "
        f"'ffmpeg -i {path} out.mp4'"
    )


class VideoSource:
    """Every frame of a video file in order; see `source.Source`.

    In real time it is live: frames for which its reader comes too late are passed over.
    """

    def __init__(
        self, capture: cv2.VideoCapture, path: Path, *, realtime: bool, loop: bool
    ) -> None:
        """Take over an open `capture`."""
        self.live = realtime
        self.name = path.name
        self._path = path
        self._capture = capture
        self._loop = loop
        self._pace: Pace | None = None  # starts with the first frame
        self._count = 0
        self._ended = False

    def read(self) -> Frame | None:
        """The next frame, None at the end. Raises: BadPicture where not even the first is good."""
        if self.live:
            self._pass_over()
        frame = None if self._ended else next_frame(self._capture, self._count)
        if frame is None and self._loop and self._count:
            # Seeking to the start is not exact in every format; opening again is.
            self._capture.release()
            self._capture = _open(self._path)
            frame = next_frame(self._capture, self._count)
        if frame is None:
            if self._count == 0:
                raise _undecodable(self._path)
            self._ended = True
            return None
        self._count += 1
        return self._paced(frame) if self.live else frame

    def _pass_over(self) -> None:
        """Skip the frames that a camera would have lost by now, but not the end."""
        if self._pace is not None:
            for _ in range(self._pace.overdue(self._count)):
                if not self._capture.grab():
                    break
                self._count += 1

    def _paced(self, frame: Frame) -> Frame:
        if self._pace is None:
            fps = self._capture.get(cv2.CAP_PROP_FPS)
            self._pace = Pace(fps if 0 < fps <= 1000 else _DEFAULT_FPS)
            return frame
        self._pace.wait(frame.index)
        return dataclasses.replace(frame, captured_ns=time.monotonic_ns())

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
