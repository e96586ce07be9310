"""V4L2: what is asked of a device, what is made of its answer, and how it fails."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from edgefmnist.camera.decoding import live
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources import v4l2_device
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.v4l2 import open_v4l2
from edgefmnist.errors import CameraUnavailable, UsageError
from tests.camera.conftest import number_of
from tests.camera.sources.conftest import Plug
from tests.camera.sources.fake_v4l2 import Device, VideoCapture

BOTH = {"YUYV": {(640, 480): 30, (1280, 720): 10}, "MJPG": {(640, 480): 60, (1280, 720): 30}}
RAW_ONLY = {"YUYV": {(640, 480): 15, (1280, 720): 10}}
CODED_ONLY = {"MJPG": {(640, 480): 30}}
SLOW_CODED = {"YUYV": {(640, 480): 20}, "MJPG": {(320, 240): 30}}


@pytest.mark.parametrize(
    ("modes", "size", "fps", "told"),
    [
        (BOTH, None, None, "640x480 YUYV 30 fps"),
        (BOTH, (1280, 720), None, "1280x720 MJPG 30 fps"),
        (BOTH, None, 60, "640x480 MJPG 60 fps"),
        (BOTH, (1280, 720), 60, "1280x720 MJPG 30 fps"),  # another rate is told, not refused
        (RAW_ONLY, None, None, "640x480 YUYV 15 fps"),
        (RAW_ONLY, (1280, 720), None, "1280x720 YUYV 10 fps"),
        (CODED_ONLY, None, None, "640x480 MJPG 30 fps"),
        (SLOW_CODED, None, None, "640x480 YUYV 20 fps"),  # the size comes before the rate
        ({"YUYV": {(352, 288): 30}}, None, None, "352x288 YUYV 30 fps"),  # the default is no demand
    ],
)
def test_format_size_and_rate_are_asked_and_what_came_is_told(
    plug: Plug,
    modes: dict[str, dict[tuple[int, int], int]],
    size: tuple[int, int] | None,
    fps: float | None,
    told: str,
) -> None:
    device = plug(0, Device(modes=modes))
    source = open_source(SourceConfig(uri="0", size=size, fps=fps))
    assert source.name.endswith(f"video0 {told}")
    frame = source.read()
    assert frame is not None
    height, width = frame.pixels.shape[:2]
    assert f"{width}x{height}" == told.split()[0]
    assert isinstance(device.reader, VideoCapture) and device.reader.buffers == 1
    source.close()


@pytest.mark.parametrize(
    ("code", "name"), [(b"YUYV", "YUYV"), (b"Y16 ", "Y16"), (b"Y16\xa0", "Y16-BE")]
)
def test_names_of_formats(code: bytes, name: str) -> None:
    """v4l2_fourcc_be() of <linux/videodev2.h> sets the highest bit."""
    assert v4l2_device.format_name(code) == name


def test_a_size_that_is_not_there_names_those_that_are(plug: Plug) -> None:
    device = plug(3, Device(modes=BOTH))
    with pytest.raises(UsageError, match=r"no 800x600 .* one of 640x480, 1280x720$"):
        open_v4l2(v4l2_device.node(3), (800, 600))
    assert device.reader is None


def test_frames_until_it_fails_and_nothing_made_up(plug: Plug) -> None:
    plug(2, Device(unplugged_after=3))
    source = open_source(SourceConfig(uri="2"))
    frames = [source.read() for _ in range(3)]
    assert [frame.index for frame in frames if frame] == [0, 1, 2]
    assert [number_of(frame.pixels[::5, ::5]) for frame in frames if frame] == [0, 1, 2]
    with pytest.raises(CameraUnavailable, match="stopped giving frames after 3"):
        source.read()
    source.close()
    source.close()


def test_a_picture_cut_on_the_cable_is_passed_over(plug: Plug) -> None:
    plug(0, Device(modes=CODED_ONLY, damaged=frozenset({0, 2, 3})))
    source = open_v4l2(v4l2_device.node(0))
    frames = [source.read() for _ in range(3)]
    assert [number_of(frame.pixels[::5, ::5]) for frame in frames if frame] == [1, 4, 5]
    assert [frame.index for frame in frames if frame] == [0, 1, 2]


def test_a_device_that_gives_only_damaged_pictures(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_START_S", 0.1)
    plug(0, Device(modes=CODED_ONLY, damaged=frozenset(range(1000))))
    with pytest.raises(CameraUnavailable, match="only damaged pictures"):
        open_v4l2(v4l2_device.node(0)).read()


def test_busy_camera_names_the_way_to_find_who_has_it(plug: Plug) -> None:
    plug(0, Device())
    first = open_source(SourceConfig(uri="/dev/video0"))
    with pytest.raises(CameraUnavailable, match="fuser -v") as caught:
        open_source(SourceConfig(uri="0"))
    assert "\n" not in str(caught.value)
    first.close()
    open_source(SourceConfig(uri="0")).close()  # free again, and a failed open left nothing behind


def test_missing_device(devices: Path) -> None:
    with pytest.raises(CameraUnavailable, match=r"no camera at .*video7.*--source demo"):
        open_source(SourceConfig(uri="/dev/video7"))


@pytest.fixture
def by_id(devices: Path) -> Path:
    """The folder in which udev keeps links to cameras."""
    folder = devices / "v4l" / "by-id"
    folder.mkdir(parents=True)
    return folder


def test_udev_links_open_the_device_they_lead_to_now(plug: Plug, by_id: Path) -> None:
    plug(2, Device())
    plug(4, Device())
    link = by_id / "usb-046d_HD_Pro_Webcam_C920-video-index0"
    for number in (2, 4):  # at the next plug it may have another number
        link.unlink(missing_ok=True)
        link.symlink_to(f"../../video{number}")
        source = open_source(SourceConfig(uri=str(link), size=(640, 480)))
        assert isinstance(VideoCapture.devices[number].reader, VideoCapture)
        assert source.name.startswith(f"{link} 640x480")
        source.close()


def test_a_name_of_ones_own_for_a_device(plug: Plug, devices: Path, tmp_path: Path) -> None:
    plug(0, Device())
    for link in (devices / "wardrobe", tmp_path / "cam.0"):
        link.symlink_to(devices / "video0")
        open_source(SourceConfig(uri=str(link))).close()


def test_another_part_of_a_camera_is_no_camera(plug: Plug, by_id: Path) -> None:
    plug(1, Device(caps=0x04A00000))
    (by_id / "usb-Cam-video-index1").symlink_to("../../video1")
    with pytest.raises(CameraUnavailable, match=r"another part of Some Webcam.*--list"):
        open_source(SourceConfig(uri=str(by_id / "usb-Cam-video-index1")))


def test_a_device_of_another_kind_is_no_camera() -> None:
    with pytest.raises(CameraUnavailable, match="/dev/null is no camera"):
        open_source(SourceConfig(uri="/dev/null"))


@pytest.mark.parametrize(
    "name", ["v4l/by-id/usb-Cam-video-index0", "v4l/by-path/pci-0:1:1.0-video"]
)
def test_a_camera_that_is_not_plugged_in_is_a_missing_camera(name: str, tmp_path: Path) -> None:
    link = tmp_path / "mine"
    link.symlink_to(f"/dev/{name}")
    for uri in (f"/dev/{name}", str(link)):
        with pytest.raises(CameraUnavailable, match="no camera at"):
            open_source(SourceConfig(uri=uri))


def test_no_permission_names_the_video_group(plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(0, Device())
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root
    with pytest.raises(CameraUnavailable, match="usermod -aG video"):
        open_source(SourceConfig(uri="0"))


@pytest.mark.parametrize(
    ("driver", "caps", "camera"),
    [
        ("uvcvideo", 0x04200001, True),
        ("uvcvideo", 0x04A00000, False),  # the metadata node beside every USB camera
        ("bcm2835-codec", 0x04204000, False),
        ("bcm2835-isp", 0x04200001, False),
        ("unicam", 0x04200001, False),
    ],
)
def test_which_nodes_are_cameras(plug: Plug, driver: str, caps: int, camera: bool) -> None:
    plug(0, Device(driver=driver, caps=caps, card="Card"))
    with v4l2_device.opened(0) as handle:
        found = v4l2_device.capability(handle)
    assert found == v4l2_device.Capability(
        driver=driver, card="Card", captures=bool(caps & 1), is_camera=camera
    )


def test_what_a_device_offers(plug: Plug) -> None:
    plug(0, Device(modes=BOTH))
    plug(1, Device(modes={"YUYV": {(640, 480): 30}}, stepwise=True))
    with v4l2_device.opened(0) as handle:
        sizes = ("640x480", "1280x720")
        assert v4l2_device.offers(handle) == {"YUYV": sizes, "MJPG": sizes}
    with v4l2_device.opened(1) as handle:
        assert v4l2_device.offers(handle) == {"YUYV": ("16x32 to 1920x1080",)}


def test_request_numbers_carry_the_sizes_of_the_structures() -> None:
    """As <linux/ioctl.h> builds them: direction, size, 'V' and number."""
    for request, write, layout, number in (
        (v4l2_device.QUERYCAP, 0, "16s32s32s6I", 0),
        (v4l2_device.ENUM_FMT, 1, "3I32s5I", 2),
        (v4l2_device.REQBUFS, 1, "5I", 8),
        (v4l2_device.ENUM_FRAMESIZES, 1, "11I", 74),
    ):
        expected = (2 | write) << 30 | struct.calcsize(layout) << 16 | ord("V") << 8 | number
        assert request == expected
