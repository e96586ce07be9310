"""A camera that was plugged in again is found, whatever its number is then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgefmnist.camera.source import Remembered, SourceConfig
from edgefmnist.camera.sources import v4l2_identity
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.v4l2_identity import Identity, find, identity
from edgefmnist.errors import CameraUnavailable
from tests.camera.sources.conftest import Plug, Usb
from tests.camera.sources.fake_v4l2 import Device, VideoCapture


def unplug(devices: Path, number: int) -> None:
    (devices / f"video{number}").unlink()
    VideoCapture.devices.pop(number, None)
    shutil.rmtree(v4l2_identity.SYSFS / f"video{number}")


def opened(uri: str, camera: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
    source = open_source(SourceConfig(uri=uri, camera=camera))
    assert isinstance(source, Remembered)
    source.close()
    return source.name.split()[0].rpartition("/")[2], source.camera


def test_it_is_known_by_its_numbers_and_its_port(devices: Path, usb: Usb) -> None:
    usb(0, port="1-1.4", serial="AB12")
    found = identity(0)
    assert found is not None and found.port == "1-1.4" and found.name == "Webcam 0825"
    assert found.who == ("046d", "0825", "AB12", "Webcam 0825", "0")
    assert Identity.of(found.words) == found
    assert identity(1) is None and find(found) is None  # it has no device here


def test_what_is_no_usb_device_has_no_identity(devices: Path, usb: Usb) -> None:
    node = v4l2_identity.SYSFS / "video0"
    node.mkdir()
    (node / "name").write_text("vivid-000-vid-cap")
    assert identity(0) is None
    (node / "device").symlink_to(devices)
    assert identity(0) is None


@pytest.mark.parametrize("uri", ["0", "auto"])
@pytest.mark.parametrize("port", ["1-1", "1-2"])
def test_another_number_or_socket_is_no_matter(
    devices: Path, plug: Plug, usb: Usb, no_rpicam: None, uri: str, port: str
) -> None:
    plug(0, Device())
    usb(0, serial="A")
    name, camera = opened(uri)
    assert name == "video0"
    unplug(devices, 0)
    plug(1, Device())  # somebody still had /dev/video0 open
    usb(1, port=port, serial="A")
    plug(2, Device())
    usb(2, port="1-3", serial="B")
    assert opened(uri, camera) == ("video1", (*camera[:-1], port))


def test_of_two_alike_the_one_in_the_same_socket_is_it(devices: Path, plug: Plug, usb: Usb) -> None:
    for number, port in ((0, "1-1"), (2, "1-2")):
        plug(number, Device())
        usb(number, port=port)
    camera = opened("2")[1]
    unplug(devices, 0)
    unplug(devices, 2)
    for number, port in ((0, "1-2"), (2, "1-1")):
        plug(number, Device())
        usb(number, port=port)
    assert opened("2", camera)[0] == "video0"


def test_another_camera_that_took_the_name_is_not_taken_for_it(
    devices: Path, plug: Plug, usb: Usb, no_rpicam: None
) -> None:
    plug(0, Device())
    usb(0, product="0825")
    camera = opened("0")[1]
    unplug(devices, 0)
    with pytest.raises(CameraUnavailable, match="no camera"):
        opened("0", camera)
    plug(0, Device())
    usb(0, product="0999", port="1-2")
    with pytest.raises(CameraUnavailable, match="is another camera now") as caught:
        opened("0", camera)
    assert "plug Webcam 0825 in again" in str(caught.value)
    assert opened("auto", camera)[0] == "video0"  # which asked for none in particular
    assert opened("0")[0] == "video0"
