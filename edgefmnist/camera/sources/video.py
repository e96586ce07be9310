"""A video file, frame by frame."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgefmnist.camera.decoding.limits import MEGA, MOST_VIDEO_PIXELS
from edgefmnist.camera.source import Damaged
from edgefmnist.camera.sources.decoder import (
    Decoder,
    is_playlist,
    library,
    open_video_stream,
    pixels_of,
)
from edgefmnist.camera.sources.pace import Pace, wait_until
from edgefmnist.errors import BadPicture
from edgefmnist.records import Frame

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_DEFAULT_FPS = 30.0  # where the file does not tell


def open_video(path: Path, *, realtime: bool = False, loop: bool = False) -> VideoSource:
    """Open a video file.

    realtime: as its frames' own timestamps say, as a camera would. loop: again from its end on.

    Raises: BadPicture where nothing in it can be decoded, MissingDependency.
    """
    return VideoSource(_open(path), path, realtime=realtime, loop=loop)


def _open(path: Path) -> Decoder:
    av = library()
    file = None
    try:
        file = path.open("rb", buffering=0)
        if is_playlist(file.read(256)):
            raise BadPicture(
                f"{path} is a list of other files and addresses: name the video itself"
            )
        file.seek(0)
        decoder = open_video_stream(_Unnamed(file))
    except BaseException as error:
        if file is not None:
            file.close()
        if isinstance(error, BadPicture):
            raise
        if isinstance(error, (av.error.FFmpegError, ValueError)):
            raise _undecodable(path) from error
        if isinstance(error, OSError):
            raise _unreadable(path, error) from error
        raise
    if decoder is None:
        file.close()
        raise BadPicture(f"{path} holds no video: name a file that does")
    width, height = decoder.declared
    if width * height > MOST_VIDEO_PIXELS:
        decoder.close()
        raise BadPicture(
            f"{path} has pictures of {width}x{height}, over {MOST_VIDEO_PIXELS // MEGA} million "
            f"pixels: make it smaller, for example with '{_conversion(path, '-vf scale=1280:-2 ')}'"
        )
    return decoder


class _Unnamed:
    """An open file as FFmpeg reads it: without its name, in which it sees URLs and patterns."""

    def __init__(self, file: io.FileIO) -> None:
        self.read, self.seek, self.tell, self.close = file.read, file.seek, file.tell, file.close


def _undecodable(path: Path) -> BadPicture:
    return BadPicture(
        f"{path} cannot be decoded as a video: copy it again if it is not whole, or convert it, "
        f"for example with '{_conversion(path)}'"
    )


def _unreadable(path: Path, error: OSError) -> BadPicture:
    return BadPicture(f"cannot read {path}: {error.strerror or type(error).__name__}")


def _conversion(path: Path, how: str = "") -> str:
    """A command that takes `path` for a file, whatever its name."""
    return f"ffmpeg -i {shlex.quote(f'file:{path}')} {how}out.mp4"


class VideoSource:
    """Every whole frame of a video file in order; see `source.Source` and `decoder`.

    In real time it is live: frames for which its reader comes too late are passed over.
    """

    def __init__(self, decoder: Decoder, path: Path, *, realtime: bool, loop: bool) -> None:
        """Take over an open `decoder`."""
        self.live = realtime
        self.name = path.name
        self.due_ns = 0
        self._path = path
        self._decoder = decoder
        self._loop = loop
        self._pace = Pace()
        self._own_s = 0.0
        self._count = 0  # frames so far, also those lost
        self._whole = 0  # since the file was opened
        self._ahead: _Due | None = None
        self._ended = False

    def read(self) -> Frame | None:
        """The next frame, None at the end.

        Raises: Damaged, for each frame lost; BadPicture where none is whole.
        """
        found = self._next_due() if self.live else self._next()
        if found is None:
            return None
        pixels = pixels_of(found.frame)
        if self.live:
            self.due_ns = int(found.due * 1e9)
            wait_until(found.due)
        return Frame(
            pixels=pixels,
            captured_ns=time.monotonic_ns(),
            index=found.index,
            proven_new=True,
        )

    def _next_due(self) -> _Due | None:
        """The next frame that is not due before the one after it is already."""
        found = self._ahead or self._next()
        self._ahead = None
        while found is not None and found.index:  # the first starts the clock
            with contextlib.suppress(Damaged):
                self._ahead = self._next()
                if self._ahead is None or self._ahead.due > time.monotonic():
                    break
                found, self._ahead = self._ahead, None
        return found

    def _next(self) -> _Due | None:
        frame = self._decoded()
        if frame is None:
            return None
        self._count += 1
        self._whole += 1
        rate = self._decoder.rate
        self._own_s = (
            frame.time
            if frame.time is not None
            else self._own_s + 1 / (rate if 0 < rate <= 1000 else _DEFAULT_FPS)
        )
        return _Due(frame, self._count - 1, self._pace.due(self._own_s) if self.live else 0.0)

    def _decoded(self) -> VideoFrame | None:
        while not self._ended:
            frame = self._read_on()
            if frame is not None:
                return frame
            if self._whole == 0:
                raise _undecodable(self._path)
            self._ended = not self._loop
            if self._loop:  # to seek is not exact in every format; to open again is
                self._decoder.close()
                self._decoder, self._whole = _open(self._path), 0
                self._pace.cut()  # a film of one picture begins at the time at which it ended
        return None

    def _read_on(self) -> VideoFrame | None:
        """A frame, or None at the end, also where the file is cut off."""
        av = library()
        try:
            return self._decoder.read()
        except Damaged:
            self._count += 1
            raise
        except av.error.FFmpegError:
            return None
        except OSError as error:  # of the file itself
            raise _unreadable(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()


@dataclasses.dataclass(frozen=True, slots=True)
class _Due:
    """A frame, its number, and when it is due, as ``time.monotonic()``."""

    frame: VideoFrame
    index: int
    due: float
