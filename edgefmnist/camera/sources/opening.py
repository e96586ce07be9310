"""The one place that turns what was asked for into a source.

The demo, network streams, films and pictures are imported when they are opened: a random generator,
TLS and headers of pictures cost time and memory that a camera has no use for.
"""

from __future__ import annotations

import re
from pathlib import Path

from edgefmnist.camera.pictures.notes import OnNote, unheard
from edgefmnist.camera.source import FORMS, Source, SourceConfig, without_password
from edgefmnist.camera.sources import picamera2, rpicam, v4l2_device, v4l2_identity
from edgefmnist.camera.sources.picamera2 import open_picamera2
from edgefmnist.camera.sources.rpicam import open_rpicam
from edgefmnist.camera.sources.v4l2 import first_capture_device, open_v4l2
from edgefmnist.camera.sources.v4l2_identity import Identity
from edgefmnist.errors import BadPicture, CameraUnavailable, UsageError


def open_source(config: SourceConfig, on_note: OnNote = unheard) -> Source:
    """Open the source that `config` names. Its frames are not yet seen in `config.view`.

    on_note: told which files of a folder are passed over.
    Raises: UsageError (no such form, or an option that this one cannot follow),
    CameraUnavailable, MissingDependency, BadPicture.
    """
    uri = config.uri
    scheme, separator, _ = uri.partition("://")
    if separator:
        return _open_address(config, scheme)
    if uri == "demo" or uri.startswith("demo:"):
        _check_options(config, "the demo", "", "--realtime", "--fps")
        from edgefmnist.camera.sources.demo import open_demo

        return open_demo(uri, realtime=config.realtime, fps=config.fps)
    return _open_camera(config) or _open_path(config, on_note)


def _open_address(config: SourceConfig, scheme: str) -> Source:
    if scheme.lower() not in ("http", "https", "rtsp", "tcp"):
        raise UsageError(f"--source does not know {scheme}://; use one of: {FORMS}")
    is_http = scheme.lower().startswith("http")
    follows = ["--fps", *["--source-ca"] * is_http]
    _check_options(config, "a network stream", "set it at its sender", *follows)
    if is_http:
        from edgefmnist.camera.sources.mjpeg import open_http

        return open_http(config.uri, ca=config.ca)
    frame_s = 1 / config.fps if config.fps else 0.0
    if scheme.lower() == "tcp":
        from edgefmnist.camera.sources.tcp import open_tcp

        return open_tcp(config.uri, frame_s=frame_s)
    from edgefmnist.camera.sources.stream import open_stream

    return open_stream(config.uri, frame_s=frame_s)


def _open_camera(config: SourceConfig) -> Source | None:
    """The camera on this machine that is named; None where the name is of another kind."""
    found = re.fullmatch(
        r"(auto)|(rpicam|picamera2)(?::(\d))?|(?:/dev/video)?(\d{1,3})", config.uri
    )
    device = Path(config.uri)
    if found is None and not (config.uri and v4l2_device.is_named_by(device)):
        return None
    _check_options(config, "a camera", "", "--size", "--fps")
    if found is None:
        return open_v4l2(device, config.size, config.fps, config.camera)
    auto, pi_camera, pi_number, video_number = found.groups()
    if auto:
        return open_auto(config.size, config.fps, config.camera)
    if pi_camera == "rpicam":
        return open_rpicam(int(pi_number or 0), config.size, config.fps)
    if pi_camera == "picamera2":
        return open_picamera2(int(pi_number or 0), config.size, config.fps)
    device = v4l2_device.node(int(video_number))
    return open_v4l2(device, config.size, config.fps, config.camera)


def _open_path(config: SourceConfig, on_note: OnNote) -> Source:
    uri, path = config.uri, Path(config.uri)
    if uri and path.is_dir():
        from edgefmnist.camera.sources.folder import open_folder

        _check_options(config, "a folder of pictures", "", "--loop")
        return open_folder(path, on_note, loop=config.loop)
    if path.is_file():
        return _open_file(config, path, on_note)
    if uri and path.exists():
        raise BadPicture(f"{uri} is neither a camera nor a file: use one of: {FORMS}")
    if "/" in uri or path.suffix:
        raise BadPicture(f"no such video file or folder: {without_password(uri)}")
    raise UsageError(
        f"--source {without_password(uri)!r} is neither a file nor a source; use one of: {FORMS}"
    )


def _open_file(config: SourceConfig, path: Path, on_note: OnNote) -> Source:
    from edgefmnist.camera.pictures.reading import is_still

    if is_still(path):
        from edgefmnist.camera.sources.folder import open_picture

        _check_options(config, "a picture", "", "--loop")
        return open_picture(path, on_note, loop=config.loop)
    from edgefmnist.camera.sources.video import open_video

    _check_options(config, "a video file", "", "--realtime", "--loop")
    return open_video(path, realtime=config.realtime, loop=config.loop)


def _check_options(config: SourceConfig, what: str, instead: str, *follows: str) -> None:
    """Raises: UsageError where an option was given that is none of `follows`."""
    given = {
        "--size (EDGEFMNIST_SIZE)": config.size is not None,
        "--fps (EDGEFMNIST_FPS)": config.fps is not None,
        "--realtime": config.realtime,
        "--loop": config.loop,
        "--source-ca (EDGEFMNIST_SOURCE_CA)": config.ca is not None,
    }
    for option, is_given in given.items():
        if is_given and option.split()[0] not in follows:
            raise UsageError(
                f"{option} does not go with {what}: leave it out"
                + (f", or {instead}" * bool(instead))
            )


def open_auto(
    size: tuple[int, int] | None = None, fps: float | None = None, camera: tuple[str, ...] = ()
) -> Source:
    """The Raspberry Pi camera where there is one, else the first V4L2 capture device.

    Through rpicam-vid where that is installed, since picamera2 can stall for good in our process.
    camera: see `SourceConfig`; it is taken where it is there, and any other where it is not.

    Raises: CameraUnavailable.
    """
    if cameras := rpicam.list_cameras():
        return open_rpicam(cameras[0].number, size, fps)
    if not rpicam.is_installed() and (found := picamera2.list_cameras()):
        return open_picamera2(found[0][0], size, fps)
    again = v4l2_identity.find(Identity.of(camera)) if camera else None
    number = first_capture_device() if again is None else again
    if number is not None:
        return open_v4l2(v4l2_device.node(number), size, fps)
    raise CameraUnavailable(
        "no camera found: rpicam-hello lists none and no /dev/video* device captures; "
        "connect one, name another with --source, or try --source demo"
    )
