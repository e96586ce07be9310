"""The stand-in for V4L2 hardware obeys the hardware's rules."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import cv2
import pytest

from edgefmnist.camera.sources import v4l2_device
from tests.camera.conftest import number_of
from tests.camera.sources.conftest import Plug
from tests.camera.sources.fake_v4l2 import Device, Fcntl, VideoCapture

WEBCAM = {"YUYV": {(640, 480): 30, (1280, 720): 10}, "MJPG": {(640, 480): 30, (1280, 720): 30}}


def opened(number: int = 0) -> VideoCapture:
    return VideoCapture(number, cv2.CAP_V4L2)


def asked(capture: VideoCapture, fourcc: str, width: int, height: int, fps: int) -> bool:
    return all(
        [
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc)),
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, width),
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height),
            capture.set(cv2.CAP_PROP_FPS, fps),
        ]
    )


def got(capture: VideoCapture) -> tuple[float, ...]:
    props = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS)
    return tuple(capture.get(prop) for prop in props)


def test_one_reader_at_a_time(plug: Plug) -> None:
    plug(0, Device())
    first, second = opened(), opened()
    assert first.isOpened() and not second.isOpened()
    first.release()
    assert opened().isOpened()


def test_set_says_true_and_the_driver_gives_what_it_can(plug: Plug) -> None:
    plug(0, Device(modes=WEBCAM))
    capture = opened()
    assert asked(capture, "YUYV", 1000, 1000, 60)
    assert got(capture) == (1280, 720, 10)
    assert not capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"H264"))
    assert capture.get(cv2.CAP_PROP_FOURCC) == cv2.VideoWriter.fourcc(*"YUYV")


def test_a_width_alone_changes_nothing(plug: Plug) -> None:
    plug(0, Device(modes=WEBCAM))
    capture = opened()
    assert capture.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
    assert got(capture)[:2] == (640, 480)


def test_coded_frames_come_as_bytes_where_asked_for(plug: Plug) -> None:
    plug(0, Device(modes=WEBCAM, damaged=frozenset({1}), unplugged_after=3))
    capture = opened()
    asked(capture, "MJPG", 640, 480, 30)
    good, pixels = capture.read()
    assert good and pixels is not None and number_of(pixels[::5, ::5]) == 0
    capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    good, cut = capture.read()
    assert good and cut is not None and cut.shape[0] == 1
    assert cut.tobytes()[:2] == b"\xff\xd8" and cut.tobytes()[-2:] != b"\xff\xd9"
    assert capture.read()[1].tobytes()[-2:] == b"\xff\xd9"  # type: ignore[union-attr]
    good, left = capture.read()
    assert not good and left is not None  # unplugged: OpenCV says so, and hands out a picture


def test_ioctl_ends_its_lists_as_the_kernel_does(plug: Plug, devices: Path) -> None:
    plug(0, Device(modes=WEBCAM))
    (devices / "video1").touch()
    with v4l2_device.opened(0) as handle, pytest.raises(OSError) as caught:
        Fcntl.ioctl(handle, v4l2_device.ENUM_FMT, struct.pack("I60x", 2))
    assert caught.value.errno == errno.EINVAL
    with v4l2_device.opened(1) as handle, pytest.raises(OSError) as caught:
        Fcntl.ioctl(handle, v4l2_device.QUERYCAP, bytes(104))
    assert caught.value.errno == errno.ENOTTY


def test_a_plain_file_is_no_device_to_the_real_kernel_either(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        assert v4l2_device.capability(handle) is None
        assert v4l2_device.offers(handle) == {} and not v4l2_device.is_busy(handle)
    finally:
        os.close(handle)
