"""USB and other V4L2 cameras through OpenCV."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path

from edgefmnist.camera.decoding.limits import CAMERA
from edgefmnist.camera.decoding.live import LiveDecoder
from edgefmnist.camera.sources import v4l2_device, v4l2_identity
from edgefmnist.camera.sources.opencv import cv2, next_frame
from edgefmnist.camera.sources.v4l2_identity import Identity
from edgefmnist.errors import CameraUnavailable, UsageError
from edgefmnist.records import Frame

SIZE, FPS = (640, 480), 30.0


def first_capture_device() -> int | None:
    """Number of the first /dev/videoN that a camera stands behind; None without one."""
    return next((number for number in v4l2_device.numbers() if _captures(number)), None)


def _captures(number: int) -> bool:
    try:
        with v4l2_device.opened(number) as handle:
            found = v4l2_device.capability(handle)
    except PermissionError:
        return True  # opening it for real then tells the user about the group
    except OSError:
        return False
    return found is not None and found.is_camera


def open_v4l2(
    device: Path,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    camera: tuple[str, ...] = (),
) -> V4l2Source:
    """Open a device, or a link to one, at `size`, by default 640x480, and `fps`, by default 30.

    A driver takes any number and gives what it can. Another rate than asked for, and another size
    than the default, are taken and told in the source's name. camera: see `SourceConfig`; it is
    opened wherever it is now, and no other.

    Raises: CameraUnavailable, whose message tells a missing device, a missing permission and a
    busy device apart; UsageError where the device has no such `size`.
    """
    device = _where_it_is_now(device, camera)
    if not device.exists():
        raise CameraUnavailable(
            f"no camera at {device}: connect one, see what there is with 'edgefmnist camera "
            "--list', or try --source demo"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraUnavailable(f"no permission to open {device}: {PERMISSION_MEND}")
    _check_is_camera(device)
    number = v4l2_device.number_of(device)
    capture = cv2.VideoCapture(str(device) if number is None else number, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise _busy(device)
    mode = _configure(capture, size or SIZE, fps or FPS)
    if size is not None and mode.size != size:
        capture.release()
        raise _no_such_size(device, size, mode)
    now = None if number is None else v4l2_identity.identity(number)
    return V4l2Source(capture, device, mode, () if now is None else now.words)


def _where_it_is_now(device: Path, camera: tuple[str, ...]) -> Path:
    """Raises: CameraUnavailable where another camera has taken the name of one that is away."""
    number = v4l2_device.number_of(device)
    if not camera:
        return device
    wanted = Identity.of(camera)
    found = v4l2_identity.find(wanted)
    if found is not None:
        return device if found == number else v4l2_device.node(found)
    other = None if number is None else v4l2_identity.identity(number)
    if other is not None:
        raise CameraUnavailable(
            f"{device} is another camera now ({other.name}): plug {wanted.name} in again, or start "
            "again to use this one"
        )
    return device


def _check_is_camera(device: Path) -> None:
    """Raises: CameraUnavailable where something else stands behind a device that is there."""
    with contextlib.suppress(OSError), v4l2_device.opened(device) as handle:
        about = v4l2_device.capability(handle)
        if about is None or not about.captures:
            what = "" if about is None else f", but another part of {about.card}"
            raise CameraUnavailable(
                f"{device} is no camera{what}: see what there is with 'edgefmnist camera --list'"
            )


PERMISSION_MEND = (
    "add yourself to the video group with 'sudo usermod -aG video $USER' and log in again"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Mode:
    """How a device delivers its frames, in its driver's own words. fps: 0 where not told."""

    fourcc: str
    size: tuple[int, int]
    fps: float

    def __str__(self) -> str:
        rate = f" {self.fps:g} fps" if self.fps > 0 else ""
        return f"{self.size[0]}x{self.size[1]} {self.fourcc}{rate}"


def _configure(capture: cv2.VideoCapture, size: tuple[int, int], fps: float) -> _Mode:
    """Ask for the format that suits; what the driver then says it gives.

    Raw YUYV costs no decoding and has no artefacts, but 640x480 at 30 fps is already 18 MB/s, half
    of what USB 2 carries: a larger picture comes at a few frames a second, so MJPG is asked first.
    The other of the two is tried where the device has not the one, or not at that size and rate.
    """
    formats = ["YUYV", "MJPG"] if size[0] * size[1] <= SIZE[0] * SIZE[1] else ["MJPG", "YUYV"]

    def ask(fourcc: str) -> _Mode:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        capture.set(cv2.CAP_PROP_FPS, max(1, round(fps)))
        return _mode(capture)

    def merit(mode: _Mode) -> tuple[bool, float]:
        return mode.size == size, min(mode.fps or fps, round(fps))

    modes = [ask(formats[0])]
    if merit(modes[0]) < (True, round(fps)):
        modes.append(ask(formats[1]))
        if merit(modes[0]) >= merit(modes[1]):
            modes.append(ask(formats[0]))
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame is wanted, not a queue of old ones
    if modes[-1].fourcc == "MJPG":
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)  # OpenCV would pass damaged pictures on
    return modes[-1]


def _mode(capture: cv2.VideoCapture) -> _Mode:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    return _Mode(
        fourcc=v4l2_device.format_name(code.to_bytes(4, "little", signed=code < 0)),
        size=(
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        ),
        fps=max(0.0, capture.get(cv2.CAP_PROP_FPS)),
    )


def _no_such_size(device: Path, size: tuple[int, int], mode: _Mode) -> UsageError:
    offered: dict[str, None] = {}
    with contextlib.suppress(OSError), v4l2_device.opened(device) as handle:
        for sizes in v4l2_device.offers(handle).values():
            offered |= dict.fromkeys(sizes)
    known = ", ".join(offered) or f"{mode.size[0]}x{mode.size[1]}"
    return UsageError(
        f"{device} gives no {size[0]}x{size[1]} pictures: set --size to one of {known}"
    )


def _busy(device: Path) -> CameraUnavailable:
    return CameraUnavailable(
        f"{device} is there but gives no picture, most likely because another program has it: "
        f"see which with 'fuser -v {device}', stop it and try again"
    )


class V4l2Source:
    """Frames of one V4L2 device; see `source.Source`. A damaged MJPG picture is passed over."""

    live = True

    def __init__(
        self,
        capture: cv2.VideoCapture,
        device: Path,
        mode: _Mode,
        camera: tuple[str, ...] = (),
    ) -> None:
        """Take over an open `capture` that works in `mode`. camera: see `source.Remembered`."""
        self.name = f"{device} {mode}"
        self.camera = camera
        self._device = device
        self._capture = capture
        self._count = 0
        self._decoder = LiveDecoder(CAMERA)

    def read(self) -> Frame | None:
        """Wait for the next frame. Raises: CameraUnavailable."""
        while True:
            frame = next_frame(self._capture, self._count)
            if frame is None:
                raise self._stopped()
            if frame.pixels.ndim == 2 or frame.pixels.shape[-1] != 3:  # coded, as it came
                pixels = self._decoder.decode(frame.pixels.tobytes())
                frame = None if pixels is None else dataclasses.replace(frame, pixels=pixels)
            if frame is not None:
                self._count += 1
                return frame
            if complaint := self._decoder.complaint:
                raise CameraUnavailable(
                    f"{self._device} {complaint}: connect it without a hub, by a shorter "
                    "cable, or ask for a smaller --size"
                )

    def _stopped(self) -> CameraUnavailable:
        if self._count == 0:
            return _busy(self._device)
        return CameraUnavailable(
            f"{self._device} stopped giving frames after {self._count}: check its cable and power"
        )

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()
