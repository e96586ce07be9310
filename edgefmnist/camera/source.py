"""Where frames come from: the `Source` protocol and the one place that turns a URI into one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edgefmnist.camera.sources import picamera2, rpicam
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.camera.sources.folder import open_folder
from edgefmnist.camera.sources.mjpeg import open_http
from edgefmnist.camera.sources.picamera2 import open_picamera2
from edgefmnist.camera.sources.rpicam import open_rpicam
from edgefmnist.camera.sources.stream import open_stream, without_password
from edgefmnist.camera.sources.v4l2 import first_capture_device, open_v4l2
from edgefmnist.camera.sources.video import open_video
from edgefmnist.errors import BadPicture, CameraUnavailable, UsageError
from edgefmnist.records import Frame

FORMS = (
    "auto, demo, demo:SEED, demo:fixed, rpicam, picamera2, /dev/videoN, N, a video file, a folder, "
    "http(s)://, rtsp://, tcp://"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """Which source, and what is asked of it.

    uri: see `FORMS`; ``rpicam:N`` and ``picamera2:N`` name another camera than the first. size:
    width and height in pixels, fps: frames a second; None: the source's own choice. realtime: a
    file at the speed it was filmed at, like a camera. loop: a file, again and again.
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
    "http": open_http,
    "https": open_http,
    "rtsp": open_stream,
    "tcp": open_stream,
}
"""URI scheme (before ``://``) to the function that opens it."""


def open_source(config: SourceConfig) -> Source:
    """Open the source that `config` names.

    Raises: UsageError (no such form, or an option that this one cannot follow),
    CameraUnavailable, MissingDependency, BadPicture.
    """
    uri = config.uri
    scheme, separator, _ = uri.partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            raise UsageError(f"--source does not know {scheme}://; use one of: {FORMS}")
        _check_options(config, "a network stream", "set it at its sender")
        return SCHEMES[scheme.lower()](uri)
    if uri == "demo" or uri.startswith("demo:"):
        _check_options(config, "the demo", "", "--realtime", "--fps")
        return open_demo(uri, realtime=config.realtime, fps=config.fps)
    return _open_camera(config) or _open_path(config)


def _open_camera(config: SourceConfig) -> Source | None:
    """The camera on this machine that is named; None where the name is of another kind."""
    found = re.fullmatch(
        r"(auto)|(rpicam|picamera2)(?::(\d))?|(?:/dev/video)?(\d{1,3})", config.uri
    )
    if found is None:
        return None
    _check_options(config, "a camera", "", "--size", "--fps")
    auto, pi_camera, pi_number, video_number = found.groups()
    if auto:
        return open_auto(config.size, config.fps)
    if pi_camera == "rpicam":
        return open_rpicam(int(pi_number or 0), config.size, config.fps)
    if pi_camera == "picamera2":
        return open_picamera2(int(pi_number or 0), config.size, config.fps)
    return open_v4l2(int(video_number), config.size, config.fps)


def _open_path(config: SourceConfig) -> Source:
    uri, path = config.uri, Path(config.uri)
    if uri and path.is_dir():
        _check_options(config, "a folder of pictures", "", "--loop")
        return open_folder(path, loop=config.loop)
    if path.is_file():
        _check_options(config, "a video file", "", "--realtime", "--loop")
        return open_video(path, realtime=config.realtime, loop=config.loop)
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


def _check_options(config: SourceConfig, what: str, instead: str, *follows: str) -> None:
    """Raises: UsageError where an option was given that is none of `follows`."""
    given = {
        "--size (EDGEFMNIST_SIZE)": config.size is not None,
        "--fps (EDGEFMNIST_FPS)": config.fps is not None,
        "--realtime": config.realtime,
        "--loop": config.loop,
    }
    for option, is_given in given.items():
        if is_given and option.split()[0] not in follows:
            raise UsageError(
                f"{option} does not go with {what}: leave it out"
                + (f", or {instead}" * bool(instead))
            )


def open_auto(size: tuple[int, int] | None = None, fps: float | None = None) -> Source:
    """The Raspberry Pi camera where there is one, else the first V4L2 capture device.

    Through rpicam-vid where that is installed, since picamera2 can stall for good in our process.

    Raises: CameraUnavailable.
    """
    if cameras := rpicam.list_cameras():
        return open_rpicam(cameras[0].number, size, fps)
    if not rpicam.is_installed() and (found := picamera2.list_cameras()):
        return open_picamera2(found[0][0], size, fps)
    device = first_capture_device()
    if device is not None:
        return open_v4l2(device, size, fps)
    raise CameraUnavailable(
        "no camera found: rpicam-hello lists none and no /dev/video* device captures; "
        "connect one, name another with --source, or try --source demo"
    )
