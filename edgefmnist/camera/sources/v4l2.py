"""USB and other V4L2 cameras through OpenCV."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from edgefmnist.camera.sources.opencv import cv2, next_frame
from edgefmnist.errors import CameraUnavailable
from edgefmnist.records import Frame

DEVICES = Path("/dev")

# struct v4l2_capability of <linux/videodev2.h>: driver, card, bus_info, version, capabilities,
# device_caps, reserved.
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
_VIDEO_CAPTURE = 0x00000001
# Nodes of the Pi's own camera pipeline and codecs: they say that they capture, but only
# libcamera and FFmpeg can drive them (opencv#22820).
_NOT_CAMERAS = ("unicam", "bcm2835", "rp1-cfe", "pispbe", "rpi")


def first_capture_device() -> int | None:
    """Number of the first /dev/videoN that a camera stands behind; None without one."""
    numbers = sorted(
        int(path.name[len("video") :])
        for path in DEVICES.glob("video*")
        if path.name[len("video") :].isdigit()
    )
    return next((number for number in numbers if _captures(DEVICES / f"video{number}")), None)


def _captures(device: Path) -> bool:
    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except PermissionError:
        return True  # opening it for real then tells the user about the group
    except OSError:
        return False
    try:
        answer = fcntl.ioctl(handle, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return False
    finally:
        os.close(handle)
    return capability_is_camera(answer)


def capability_is_camera(answer: bytes) -> bool:
    """Whether the 104 bytes that VIDIOC_QUERYCAP answered stand for a camera OpenCV can read."""
    driver, _, _, _, _, device_caps = _CAPABILITY.unpack(answer)
    name = driver.split(b"\0")[0].decode(errors="replace")
    return bool(device_caps & _VIDEO_CAPTURE) and not name.startswith(_NOT_CAMERAS)


def open_v4l2(number: int) -> V4l2Source:
    """Open /dev/video`number`.

    Raises: CameraUnavailable, whose message tells a missing device, a missing permission and a
    busy device apart.
    """
    device = DEVICES / f"video{number}"
    if not device.exists():
        raise CameraUnavailable(
            f"no camera at {device}: connect one, see what there is with ls /dev/video*, "
            "or try --source demo"
        )
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraUnavailable(
            f"no permission to open {device}: add yourself to the video group with "
            "'sudo usermod -aG video $USER' and log in again"
        )
    capture = cv2.VideoCapture(number, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise _busy(device)
    return V4l2Source(capture, device)


def _busy(device: Path) -> CameraUnavailable:
    return CameraUnavailable(
        f"{device} is there but gives no picture, most likely because another program has it: "
        f"see which with 'fuser -v {device}', stop it and try again"
    )


class V4l2Source:
    """Frames of one V4L2 device in its default format; see `source.Source`."""

    live = True

    def __init__(self, capture: cv2.VideoCapture, device: Path) -> None:
        """Take over an open `capture`."""
        self.name = str(device)
        self._device = device
        self._capture = capture
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for the next frame. Raises: CameraUnavailable."""
        frame = next_frame(self._capture, self._count)
        if frame is None:
            if self._count == 0:
                raise _busy(self._device)
            raise CameraUnavailable(
                f"{self._device} stopped giving frames after {self._count}: "
                "check its cable and power, then start again"
            )
        self._count += 1
        return frame

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()
