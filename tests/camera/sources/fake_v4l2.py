"""V4L2 devices that are not there: OpenCV's VideoCapture and the kernel's ioctl over them.

They keep to the rules of the real ones: one reader at a time; the driver takes any size and rate
and gives what it can; OpenCV's `set` says True all the same, applies a size only once width and
height were both set, refuses a format that the device has not, and hands out a picture along with
a failed read; its `get` tells the truth.
"""

from __future__ import annotations

import dataclasses
import errno
import struct
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from edgefmnist.camera.sources import v4l2_device as kernel
from tests.camera.conftest import numbered

Size = tuple[int, int]


@dataclasses.dataclass
class Device:
    """modes: by format the sizes, each with the most frames a second that it can give.

    damaged: numbers of the MJPG frames that arrive cut short. unplugged_after: frames.
    """

    card: str = "Some Webcam"
    driver: str = "uvcvideo"
    caps: int = 0x04200001
    modes: dict[str, dict[Size, int]] = dataclasses.field(
        default_factory=lambda: {"YUYV": {(640, 480): 30}}
    )
    stepwise: bool = False
    damaged: frozenset[int] = frozenset()
    unplugged_after: int = 1000
    reader: object | None = None


class VideoCapture:
    """cv2.VideoCapture over `devices`."""

    devices: ClassVar[dict[int, Device]] = {}

    def __init__(self, number: int, api: int) -> None:
        assert api == cv2.CAP_V4L2
        self._device = self.devices[number]
        self._mine = self._device.reader is None
        self._count = 0
        self._convert = True
        self._asked: dict[int, float] = {}
        self._fourcc = next(iter(self._device.modes))
        self._size, self._fps = (640, 480), 30
        self.buffers = 4
        if self._mine:
            self._device.reader = self
            self._settle()

    def _settle(self) -> None:
        """As the driver does: the size nearest to the one asked for, and no more than its rate."""
        sizes = self._device.modes[self._fourcc]
        self._size = min(sizes, key=lambda s: abs(s[0] - self._size[0]) + abs(s[1] - self._size[1]))
        self._fps = min(self._fps, sizes[self._size])

    def isOpened(self) -> bool:
        return self._mine

    def set(self, prop: int, value: float) -> bool:
        if prop == cv2.CAP_PROP_FOURCC:
            word = int(value).to_bytes(4, "little").decode()
            if word not in self._device.modes:
                return False
            self._fourcc = word
        elif prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            self._asked[prop] = value
            if len(self._asked) == 2:
                self._size = (
                    int(self._asked[cv2.CAP_PROP_FRAME_WIDTH]),
                    int(self._asked[cv2.CAP_PROP_FRAME_HEIGHT]),
                )
                self._asked.clear()
        elif prop == cv2.CAP_PROP_FPS:
            self._fps = int(value)
        elif prop == cv2.CAP_PROP_CONVERT_RGB:
            self._convert = bool(value)
        elif prop == cv2.CAP_PROP_BUFFERSIZE:
            self.buffers = int(value)
        self._settle()
        return True

    def get(self, prop: int) -> float:
        return {
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*self._fourcc)),
            cv2.CAP_PROP_FRAME_WIDTH: float(self._size[0]),
            cv2.CAP_PROP_FRAME_HEIGHT: float(self._size[1]),
            cv2.CAP_PROP_FPS: float(self._fps),
        }[prop]

    def read(self) -> tuple[bool, np.ndarray | None]:
        width, height = self._size
        number, self._count = self._count, self._count + 1
        if number >= self._device.unplugged_after:
            return False, np.zeros((height, width, 3), np.uint8)
        pixels = cv2.resize(numbered(number), self._size, interpolation=cv2.INTER_NEAREST)
        if self._fourcc != "MJPG":
            return True, pixels
        data = cv2.imencode(".jpg", pixels)[1].reshape(-1)
        if number in self._device.damaged:
            data = data[: len(data) // 2]
        if not self._convert:
            return True, data.reshape(1, -1)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return decoded is not None, decoded

    def release(self) -> None:
        if self._mine:
            self._device.reader = None
            self._mine = False


class Fcntl:
    """The fcntl module, whose ioctl answers for `devices` as the kernel does."""

    @staticmethod
    def ioctl(handle: int, request: int, argument: bytes) -> bytes:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        device = VideoCapture.devices.get(int(name.removeprefix("video")))
        if device is None:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        if request == kernel.QUERYCAP:
            return struct.pack(
                "16s32s32sIII12x",
                *(device.driver.encode(), device.card.encode(), b"usb-1"),
                *(0x60600, 0x84A00001, device.caps),
            )
        if request == kernel.REQBUFS:
            if device.reader is not None:
                raise OSError(errno.EBUSY, "Device or resource busy")
            return argument
        index = int.from_bytes(argument[:4], "little")
        if request == kernel.ENUM_FMT:
            code = _nth(list(device.modes), index).encode()
            return struct.pack("III32s4s16x", index, 1, 0, b"description", code)
        assert request == kernel.ENUM_FRAMESIZES
        sizes = list(device.modes[argument[4:8].decode()])
        if device.stepwise:
            _nth([0], index)
            return struct.pack("I4sI6I8x", index, argument[4:8], 3, 16, 1920, 2, 32, 1080, 2)
        width, height = _nth(sizes, index)
        return struct.pack("I4sIII24x", index, argument[4:8], 1, width, height)


def _nth(items: list, index: int):  # type: ignore[no-untyped-def, type-arg]
    if index >= len(items):
        raise OSError(errno.EINVAL, "Invalid argument")
    return items[index]
