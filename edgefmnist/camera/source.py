"""Where frames come from: the `Source` protocol and the one place that turns a URI into one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.camera.sources.folder import open_folder
from edgefmnist.camera.sources.rpicam import open_rpicam, rpicam_finds_camera
from edgefmnist.camera.sources.stream import open_stream, without_password
from edgefmnist.camera.sources.v4l2 import first_capture_device, open_v4l2
from edgefmnist.camera.sources.video import open_video
from edgefmnist.errors import BadPicture, CameraUnavailable, UsageError
from edgefmnist.records import Frame

FORMS = (
    "auto, demo, demo:SEED, demo:fixed, /dev/videoN, N, a video file, a folder, http(s)://, "
    "rtsp://, tcp://"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """Which source, and what is asked of it.

    uri: see `FORMS`. size: width and height in pixels, fps: frames a second; None: the source's
    own choice. realtime: a file at the speed it was filmed at, like a camera. loop: a file, again
    and again.
    """

    uri: str = "auto"
    size: tuple[int, int] | None = None
    fps: float | None = None
    realtime: bool = False
    loop: bool = False


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

        Raises: CameraUnavailable (no frame could be had), BadPicture (a file is undecodable).
        """
        ...

    def close(self) -> None:
        """Give device, process or file back."""
        ...


SCHEMES: dict[str, Callable[[str], Source]] = {
    "http": open_stream,
    "https": open_stream,
    "rtsp": open_stream,
    "tcp": open_stream,
}
"""URI scheme (before ``://``) to the function that opens it."""


def open_source(config: SourceConfig) -> Source:
    """Open the source that `config` names.

    Raises: UsageError (no such form), CameraUnavailable, BadPicture.
    """
    uri = config.uri
    scheme, separator, _ = uri.partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            raise UsageError(f"--source does not know {scheme}://; use one of: {FORMS}")
        return SCHEMES[scheme.lower()](uri)
    if uri == "auto":
        return open_auto()
    if uri == "demo" or uri.startswith("demo:"):
        return open_demo(uri)
    if device := re.fullmatch(r"(?:/dev/video)?(\d{1,3})", uri):
        return open_v4l2(int(device[1]))
    path = Path(uri)
    if uri and path.is_dir():
        return open_folder(path)
    if path.is_file():
        return open_video(path)
    if uri and path.exists():
        raise BadPicture(f"{uri} is neither a camera nor a file: use one of: {FORMS}")
    if "/" in uri or path.suffix:
        raise BadPicture(f"no such video file or folder: {uri}")
    raise UsageError(f"--source {uri!r} is neither a file nor a source; use one of: {FORMS}")


def name_of(config: SourceConfig) -> str:
    """Short words for the source until it is open and tells its own name."""
    return without_password(config.uri)


def is_endless(config: SourceConfig) -> bool:
    """Whether the source makes frames for ever, so that to begin anew loses none."""
    return config.uri.partition(":")[0] == "demo"


def open_auto() -> Source:
    """The Raspberry Pi camera where there is one, else the first V4L2 capture device.

    Raises: CameraUnavailable.
    """
    if rpicam_finds_camera():
        return open_rpicam()
    device = first_capture_device()
    if device is not None:
        return open_v4l2(device)
    raise CameraUnavailable(
        "no camera found: rpicam-hello lists none and no /dev/video* device captures; "
        "connect one, name another with --source, or try --source demo"
    )
