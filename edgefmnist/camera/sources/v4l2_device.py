"""What the kernel knows of a V4L2 device: its name, and the formats and sizes it offers.

The structures and request numbers are those of <linux/videodev2.h>, the same on every
architecture that this runs on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

DEVICES = Path("/dev")

# struct v4l2_capability: driver, card, bus_info, version, capabilities, device_caps, reserved.
_CAPABILITY = struct.Struct("16s32s32sIII12x")
# struct v4l2_fmtdesc: index, type, flags, description, pixelformat, mbus_code, reserved.
_FORMAT = struct.Struct("III32s4sI12x")
# struct v4l2_frmsizeenum: index, pixel_format, type, then a union: width and height, or least,
# largest and step of either; reserved.
_SIZE = struct.Struct("I4sI6I8x")
# struct v4l2_requestbuffers: count, type, memory, capabilities, flags, reserved.
_BUFFERS = struct.Struct("5I")

QUERYCAP = 0x80685600  # _IOR('V', 0, struct v4l2_capability)
ENUM_FMT = 0xC0405602  # _IOWR('V', 2, struct v4l2_fmtdesc)
REQBUFS = 0xC0145608  # _IOWR('V', 8, struct v4l2_requestbuffers)
ENUM_FRAMESIZES = 0xC02C564A  # _IOWR('V', 74, struct v4l2_frmsizeenum)

_CAPTURE = 1  # V4L2_CAP_VIDEO_CAPTURE and V4L2_BUF_TYPE_VIDEO_CAPTURE
_MMAP = 1  # V4L2_MEMORY_MMAP
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE
_MOST = 64  # formats, and sizes of each, that are asked for: no driver may keep us here

# Nodes of the Pi's own camera pipeline and codecs: they say that they capture, but only
# libcamera and FFmpeg can drive them (opencv#22820).
NOT_CAMERAS = ("unicam", "bcm2835", "rp1-cfe", "pispbe", "rpi")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Name of the camera, whether it gives pictures, and whether OpenCV can read them."""

    driver: str
    card: str
    captures: bool
    is_camera: bool


def node(number: int) -> Path:
    """/dev/video`number`."""
    return DEVICES / f"video{number}"


def number_of(device: Path) -> int | None:
    """N where a path is /dev/videoN or a link to it, such as udev's by-id; else None."""
    real = Path(os.path.realpath(device))
    found = re.fullmatch(r"video([0-9]{1,3})", real.name)
    return int(found[1]) if found and real.parent == Path(os.path.realpath(DEVICES)) else None


def is_named_by(path: Path) -> bool:
    """Whether a path is a device or a link to one, or was one until its camera was unplugged."""
    if number_of(path) is not None or path.is_char_device():
        return True
    real = os.path.realpath(path)
    return real.startswith("/dev/") and not real.startswith("/dev/shm/") and not path.exists()


def numbers(devices: Path | None = None) -> list[int]:
    """Of every /dev/videoN, in their order, whatever stands behind it. devices: instead of /dev."""
    names = (path.name[len("video") :] for path in (devices or DEVICES).glob("video*"))
    return sorted(int(name) for name in names if name.isdigit())


@contextlib.contextmanager
def opened(device: int | Path, devices: Path | None = None) -> Iterator[int]:
    """The file descriptor of a path, or of /dev/videoN by its number. Raises: OSError."""
    if isinstance(device, int):
        device = (devices or DEVICES) / f"video{device}"
    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        yield handle
    finally:
        os.close(handle)


def capability(handle: int) -> Capability | None:
    """What stands behind the node; None where it is no V4L2 device."""
    try:
        answer = fcntl.ioctl(handle, QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return None
    driver, card, _, _, _, device_caps = _CAPABILITY.unpack(answer)
    name = _text(driver)
    return Capability(
        driver=name,
        card=_text(card),
        captures=bool(device_caps & _CAPTURE),
        is_camera=bool(device_caps & _CAPTURE) and not name.startswith(NOT_CAMERAS),
    )


def is_busy(handle: int) -> bool:
    """Whether another program has its frames: only then is giving up no buffers refused."""
    try:
        fcntl.ioctl(handle, REQBUFS, _BUFFERS.pack(0, _CAPTURE, _MMAP, 0, 0))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def offers(handle: int) -> dict[str, tuple[str, ...]]:
    """Sizes by format (a four-character code), each ``640x480`` or ``16x16 to 1920x1080``."""

    def code(index: int) -> bytes:
        answer = fcntl.ioctl(handle, ENUM_FMT, _FORMAT.pack(index, _CAPTURE, 0, b"", b"", 0))
        return bytes(_FORMAT.unpack(answer)[4])

    def size(index: int) -> str:
        asked = _SIZE.pack(index, form, *(0,) * 7)
        answer = fcntl.ioctl(handle, ENUM_FRAMESIZES, asked)
        _, _, kind, a, b, _, c, d, _ = _SIZE.unpack(answer)
        # Stepwise: least and largest width and its step (a, b, _), then of the height (c, d, _).
        return f"{a}x{b}" if kind == _DISCRETE else f"{a}x{c} to {b}x{d}"

    found: dict[str, tuple[str, ...]] = {}
    for form in _enumerated(code):
        found[format_name(form)] = tuple(dict.fromkeys(_enumerated(size)))
    return found


def format_name(code: bytes) -> str:
    """A four-character code for people; that of a big-endian format has bit 31 set."""
    plain = code[:3] + bytes([code[3] & 0x7F])
    return _text(plain).strip() + "-BE" * bool(code[3] & 0x80)


_T = TypeVar("_T")


def _enumerated(ask: Callable[[int], _T]) -> list[_T]:
    """What `ask` answers for 0, 1, 2, ...; the kernel says EINVAL after the last."""
    found: list[_T] = []
    with contextlib.suppress(OSError):
        for index in range(_MOST):
            found.append(ask(index))
    return found


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode(errors="replace")
