"""A /dev of our own, with devices that are not there behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgefmnist.camera.sources import v4l2_device, v4l2_identity
from tests.camera.sources.fake_v4l2 import Device, Fcntl, VideoCapture
from tests.camera.sources.servers import has_rtsp_server

Plug = Callable[[int, Device], Device]
Usb = Callable[..., None]


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty /dev; a file made in it is a node with nothing behind it."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(v4l2_device, "DEVICES", folder)
    monkeypatch.setattr(v4l2_device, "fcntl", Fcntl)
    monkeypatch.setattr(cv2, "VideoCapture", VideoCapture)
    monkeypatch.setattr(VideoCapture, "devices", {})
    return folder


@pytest.fixture
def plug(devices: Path) -> Plug:
    """Put a device behind /dev/videoN."""

    def connect(number: int, device: Device) -> Device:
        (devices / f"video{number}").touch()
        VideoCapture.devices[number] = device
        return device

    return connect


@pytest.fixture
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Usb:
    """Say in a sysfs of our own which USB camera stands behind /dev/videoN, as the kernel does."""
    sysfs = tmp_path / "sys"
    (sysfs / "class").mkdir(parents=True)
    monkeypatch.setattr(v4l2_identity, "SYSFS", sysfs / "class")

    def say(
        number: int, port: str = "1-1", serial: str = "", product: str = "0825", index: int = 0
    ) -> None:
        device = sysfs / "devices" / port
        interface = device / f"{port}:1.0"
        interface.mkdir(parents=True, exist_ok=True)
        (device / "idVendor").write_text("046d\n")
        (device / "idProduct").write_text(f"{product}\n")
        if serial:
            (device / "serial").write_text(f"{serial}\n")
        node = sysfs / "class" / f"video{number}"
        node.mkdir()
        (node / "name").write_text(f"Webcam {product}\n")
        (node / "index").write_text(f"{index}\n")
        (node / "device").symlink_to(interface)

    return say


@pytest.fixture(scope="session")
def needs_rtsp_server() -> None:
    """Skip where GStreamer's RTSP server is not installed."""
    if not has_rtsp_server():
        pytest.skip("gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-good are not installed")


@pytest.fixture
def no_rpicam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without rpicam-apps."""
    monkeypatch.setenv("PATH", str(tmp_path))
