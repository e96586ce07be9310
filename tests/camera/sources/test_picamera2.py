"""The Pi camera through picamera2, and the stand-in for it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_auto, open_source
from edgefmnist.camera.sources.picamera2 import list_cameras
from edgefmnist.errors import CameraUnavailable, MissingDependency, UsageError
from tests.camera.sources.fake_picamera2 import BLUE, GREEN, RED, Picamera2, module

CSI = {"Num": 0, "Model": "imx708", "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a"}
SECOND = {"Num": 1, "Model": "ov5647", "Id": "/base/soc/i2c0mux/i2c@0/ov5647@36"}
USB = {"Num": 2, "Model": "Webcam", "Id": "/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.4:1.0-046d"}


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    """picamera2 installed, and two CSI cameras and a USB camera connected."""
    monkeypatch.setitem(sys.modules, "picamera2", module())
    monkeypatch.setattr(Picamera2, "cameras", [CSI, SECOND, USB])
    monkeypatch.setattr(Picamera2, "owned", set())
    return Picamera2


# The stand-in


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("RGB888", [BLUE, GREEN, RED]),
        ("BGR888", [RED, GREEN, BLUE]),
        ("XRGB8888", [BLUE, GREEN, RED, 255]),
        ("XBGR8888", [RED, GREEN, BLUE, 255]),
    ],
)
def test_stand_in_lays_its_channels_as_the_real_one(
    camera: type[Picamera2], name: str, first: list[int]
) -> None:
    one = camera(0)
    one.configure(
        one.create_video_configuration(main={"format": name, "size": (64, 48)}, controls={})
    )
    one.start()
    assert one.capture_array()[0, 0].tolist() == first


def test_stand_in_insists_on_the_order_of_calls_and_on_one_owner(camera: type[Picamera2]) -> None:
    one = camera(0)
    with pytest.raises(RuntimeError, match="not been configured"):
        one.start()
    with pytest.raises(RuntimeError, match="not started"):
        one.capture_array()
    with pytest.raises(RuntimeError, match="did not complete"):
        camera(0)
    with pytest.raises(IndexError):
        camera(7)
    one.close()
    camera(0).close()


# The source


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("size", [None, (600, 400)])
def test_frames_are_blue_green_red_and_ours_alone(
    camera: type[Picamera2],
    monkeypatch: pytest.MonkeyPatch,
    old: bool,
    size: tuple[int, int] | None,
) -> None:
    monkeypatch.setattr(camera, "old", old)
    source = open_source(SourceConfig(uri="picamera2", size=size, fps=15))
    frames = [source.read() for _ in range(3)]
    source.close()
    source.close()
    width, height = size or (640, 480)
    for number, frame in enumerate(frames):
        assert frame is not None and frame.index == number
        assert frame.pixels.shape == (height, width, 3) and frame.pixels.dtype == np.uint8
        assert (frame.pixels == [BLUE, GREEN + number, RED]).all()
        assert frame.pixels.flags.owndata and frame.pixels.flags.c_contiguous
    assert not camera.owned


def test_rate_is_asked_for_and_no_old_frame_is_kept(
    camera: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    configure = camera.configure

    def heard(self: Picamera2, config: dict[str, Any]) -> None:
        asked.append(config)
        configure(self, config)

    monkeypatch.setattr(camera, "configure", heard)
    open_source(SourceConfig(uri="picamera2:1", fps=15)).close()
    assert asked[0]["controls"] == {"FrameRate": 15} and asked[0]["queue"] is False


def test_a_size_that_libcamera_changes_is_refused_and_the_camera_given_back(
    camera: type[Picamera2],
) -> None:
    with pytest.raises(UsageError, match="640x480 of --size 641x481"):
        open_source(SourceConfig(uri="picamera2", size=(641, 481)))
    assert not camera.owned


def test_busy_missing_and_stalled(camera: type[Picamera2], monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(SourceConfig(uri="picamera2"))
    with pytest.raises(CameraUnavailable, match="another program has it"):
        open_source(SourceConfig(uri="picamera2"))
    with pytest.raises(CameraUnavailable, match="no camera 2"):  # that is a USB camera
        open_source(SourceConfig(uri="picamera2:2"))
    monkeypatch.setattr(camera, "stall_after", 1)
    assert source.read() is not None
    with pytest.raises(CameraUnavailable, match=r"after 1 .*ribbon cable"):
        source.read()
    source.close()
    assert not camera.owned


def test_not_installed_and_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingDependency, match=r"apt install python3-picamera2.*system-site"):
        open_source(SourceConfig(uri="picamera2"))
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')\n")
    with pytest.raises(MissingDependency, match=r"numpy.dtype size changed.*--source rpicam"):
        open_source(SourceConfig(uri="picamera2"))
    assert list_cameras() == []


# auto


def test_auto_takes_picamera2_where_rpicam_is_not_installed(
    camera: type[Picamera2], no_rpicam: None
) -> None:
    source = open_auto()
    source.close()
    assert source.name == "picamera2 camera 0 640x480"


def test_auto_prefers_rpicam(camera: type[Picamera2], rpicam: Callable[[str], Path]) -> None:
    rpicam("ok")
    source = open_auto()
    source.close()
    assert source.name == "Raspberry Pi camera 0 640x480"
