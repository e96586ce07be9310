"""Where frames come from: the `Source` protocol, and what is asked of one.

`sources.opening` turns what is asked into a source. Nothing here imports one: the loop names its
source and leaves it to the capture process, which alone pays for it.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Protocol, runtime_checkable

from edgefmnist.camera.view import View
from edgefmnist.records import Frame

FORMS = (
    "auto, demo, demo:SEED, demo:fixed, rpicam, picamera2, /dev/videoN or a link to it, N, a video "
    "file, a picture, a folder, http(s)://, rtsp://, tcp://"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """Which source, and what is asked of it.

    uri: see `FORMS`; ``rpicam:N`` and ``picamera2:N`` name another camera than the first. size:
    width and height in pixels, fps: frames a second; None: the source's own choice. realtime: a
    file at the speed it was filmed at, like a camera. loop: a file, again and again. ca: a file of
    certificates to trust in an https address. Of a network stream, fps is what it is known to send.
    view: how its frames are turned and cut. camera: the one that was opened under this name before,
    as `Remembered` has it; empty at first.
    """

    uri: str = "auto"
    size: tuple[int, int] | None = None
    fps: float | None = None
    realtime: bool = False
    loop: bool = False
    ca: Path | None = None
    view: View = dataclasses.field(default_factory=View)
    camera: tuple[str, ...] = ()


class Damaged(Exception):
    """A frame came that is damaged: it is lost, and the next may be whole."""


class Source(Protocol):
    """Something that gives frames, one at a time.

    An implementation must
    - give each frame once, in the order taken, with `Frame.index` counting up from 0 and
      `Frame.captured_ns` the moment at which it was received;
    - give new pixels every time: nobody else writes to an array that was handed out;
    - raise where a frame could not be had. It never gives a black, repeated or half-filled
      frame in place of one that failed;
    - come back from `read` within about ten seconds, with a frame, None or an error;
    - let `close` be called twice, and after an error.

    It may block in `read` until a frame is there, and may be opened in one thread and read in
    another, but `read` and `close` are never called at the same time.

    live: frames that nobody reads are lost (a camera, a stream), so only the newest counts.
        Otherwise (files, the demo) the source waits for its reader and every frame is read.
    name: short words for the user, such as ``/dev/video0``.
    """

    live: bool
    name: str

    def read(self) -> Frame | None:
        """The next frame, or None at the end; every later call gives None again.

        Raises: Damaged (and goes on), CameraUnavailable (no frame could be had), BadPicture (a
        file is undecodable).
        """
        ...

    def close(self) -> None:
        """Give device, process or file back."""
        ...


@runtime_checkable
class Remembered(Protocol):
    """A source that can be found again under another name, as a camera in another socket can.

    camera: what it is known by, for `SourceConfig`; empty where that is nothing.
    """

    camera: tuple[str, ...]


@runtime_checkable
class Paced(Protocol):
    """A source that sets its own pace: a file in real time.

    due_ns: ``time.monotonic_ns()`` at which the frame that is waited for is due; 0 where unknown.
    """

    due_ns: int


def name_of(config: SourceConfig) -> str:
    """Short words for the source until it is open and tells its own name."""
    return without_password(config.uri)


def is_endless(config: SourceConfig) -> bool:
    """Whether the source makes frames for ever, so that to begin anew loses none."""
    return config.uri.partition(":")[0] == "demo"


# USER@ or USER:PASSWORD@ before a host: after two slashes, or where they were left out.
_USER = re.compile(r"(//|^\w+:/(?!/)|^(?=[^/]*:[^/]))(?:[^/]*@|[^@]*:.*@)", re.S)
_HOST_AND_PORT = re.compile(r"\w+://[^/@:]+:\d{1,5}/[^:]*$", re.S)
_SECRET = re.compile(
    r"(?<![a-z])(?:\w*pass\w*|p[sw]+d?|\w*token|\w*secret|auth\w*|(?:api)?_?key|sig\w*)=[^&]", re.I
)
_PARAMETERS = re.compile(r"(\?|#|//[^/]+/(?=[^?#]*=)).*", re.S)


def without_password(uri: str) -> str:
    """The address for screens and logs: without user, password and what else may hold one.

    A password with a bare slash, question mark or @ in it is none in a URL, but somebody will write
    it; others leave out the slashes, or put user and password into the path, as some cameras ask.
    """
    address = _USER.sub(r"\1", uri, count=1)
    return _PARAMETERS.sub(r"\1...", address, count=1)


def has_password(uri: str) -> bool:
    """Whether an address holds a password, which no other user of this machine should read."""
    user = None if _HOST_AND_PORT.match(uri) else _USER.search(uri)
    if user is not None and re.search(r"(?::|%3a)[^@]", user[0].removeprefix(user[1]), re.I):
        return True
    return "://" in uri and _SECRET.search(uri) is not None
