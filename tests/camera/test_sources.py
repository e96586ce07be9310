"""Every kind of source: the frames it gives and how it fails."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from edgefmnist import cli
from edgefmnist.camera.source import SourceConfig, open_auto, open_source
from edgefmnist.camera.sources import rpicam as rpicam_module
from edgefmnist.camera.sources import stream, v4l2
from edgefmnist.camera.sources.rpicam import open_rpicam
from edgefmnist.camera.sources.v4l2 import capability_is_camera
from edgefmnist.errors import BadPicture, CameraUnavailable, UsageError
from tests.camera.conftest import MjpegServer, number_of, numbered

# Which source a URI means


@pytest.mark.parametrize(
    "uri", ["nonsense", "ftp://host/x", "demo:x", "demo:-1", "demonstration", "rtsp:/half"]
)
def test_nonsense_is_a_usage_error_that_names_the_forms(uri: str) -> None:
    with pytest.raises((UsageError, BadPicture)) as caught:
        open_source(SourceConfig(uri=uri))
    if "/" not in uri or "://" in uri:
        assert caught.type is UsageError
        assert "demo" in str(caught.value)


def test_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match=r"no such video file or folder: .*gone\.mp4"):
        open_source(SourceConfig(uri=str(tmp_path / "gone.mp4")))


# V4L2


class Hardware:
    """cv2.VideoCapture over devices that keep to the hardware's rule: one reader at a time."""

    owned: ClassVar[set[int]] = set()

    def __init__(self, number: int, api: int) -> None:
        assert api == cv2.CAP_V4L2
        self._number = number
        self._mine = number not in self.owned
        self._reads = 0
        if self._mine:
            self.owned.add(number)

    def isOpened(self) -> bool:
        return self._mine

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._reads += 1
        if self._reads > 3:  # unplugged: OpenCV says so, and still hands out a picture
            return False, np.zeros((480, 640, 3), np.uint8)
        return True, np.full((480, 640, 3), self._reads, np.uint8)

    def release(self) -> None:
        if self._mine:
            self.owned.discard(self._number)
            self._mine = False


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty /dev of our own, with the stand-in for the hardware behind it."""
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(v4l2, "DEVICES", folder)
    monkeypatch.setattr(cv2, "VideoCapture", Hardware)
    monkeypatch.setattr(Hardware, "owned", set())
    return folder


def test_camera_gives_frames_until_it_fails_and_nothing_made_up(devices: Path) -> None:
    (devices / "video2").touch()
    source = open_source(SourceConfig(uri="2"))
    frames = [source.read() for _ in range(3)]
    assert [frame.index for frame in frames if frame] == [0, 1, 2]
    assert [int(frame.pixels[0, 0, 0]) for frame in frames if frame] == [1, 2, 3]
    with pytest.raises(CameraUnavailable, match="stopped giving frames after 3"):
        source.read()


def test_busy_camera_names_the_way_to_find_who_has_it(devices: Path) -> None:
    (devices / "video0").touch()
    first = open_source(SourceConfig(uri="/dev/video0"))
    with pytest.raises(CameraUnavailable, match="fuser -v") as caught:
        open_source(SourceConfig(uri="0"))
    assert "\n" not in str(caught.value)
    first.close()
    open_source(SourceConfig(uri="0")).close()  # free again, and a failed open left nothing behind


def test_missing_device(devices: Path) -> None:
    with pytest.raises(CameraUnavailable, match=r"no camera at .*video7.*--source demo"):
        open_source(SourceConfig(uri="/dev/video7"))


def test_no_permission_names_the_video_group(
    devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (devices / "video0").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root
    with pytest.raises(CameraUnavailable, match="usermod -aG video"):
        open_source(SourceConfig(uri="0"))


@pytest.mark.parametrize(
    ("driver", "device_caps", "camera"),
    [
        ("uvcvideo", 0x04200001, True),
        ("uvcvideo", 0x04A00000, False),  # the metadata node beside every USB camera
        ("bcm2835-codec", 0x04204000, False),
        ("bcm2835-isp", 0x04200001, False),
        ("unicam", 0x04200001, False),
    ],
)
def test_which_nodes_are_cameras(driver: str, device_caps: int, camera: bool) -> None:
    answer = struct.pack(
        "16s32s32sIII12x", driver.encode(), b"card", b"usb-1", 0x60600, 0x84A00001, device_caps
    )
    assert capability_is_camera(answer) is camera


# auto


@pytest.fixture
def no_rpicam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def test_auto_without_any_camera_exits_6_with_one_line(
    devices: Path,
    no_rpicam: None,
    small_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (devices / "video10").touch()  # a plain file answers no VIDIOC_QUERYCAP: not a camera
    monkeypatch.setattr(sys, "argv", ["edgefmnist", "camera", "--model", str(small_model)])
    assert cli.run() == 6
    captured = capfd.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    for word in ("rpicam-hello", "/dev/video", "--source demo"):
        assert word in captured.err


def test_auto_takes_the_first_v4l2_camera_in_number_order(
    devices: Path, no_rpicam: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (10, 2, 0):
        (devices / f"video{number}").touch()
    monkeypatch.setattr(v4l2, "_captures", lambda device: device.name != "video0")
    assert open_auto().name.endswith("video2")


def test_auto_prefers_the_pi_camera(devices: Path, rpicam: Callable[[str], Path]) -> None:
    (devices / "video0").touch()
    rpicam("ok")
    source = open_auto()
    source.close()
    assert source.name == "Raspberry Pi camera"


def test_auto_passes_a_pi_without_camera_by(devices: Path, rpicam: Callable[[str], Path]) -> None:
    rpicam("none")
    with pytest.raises(CameraUnavailable, match="no camera found"):
        open_auto()


# The Pi camera


def process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True


@pytest.mark.parametrize("width", [640, 600])
def test_rpicam_frames_are_exact_with_and_without_padding(
    rpicam: Callable[[str], Path], width: int
) -> None:
    pid_file = rpicam("ok")
    source = open_rpicam(width=width, height=480)
    try:
        for number in range(3):
            frame = source.read()
            assert frame is not None and frame.index == number
            luma = np.array([16 + (number + x) % 220 for x in range(width)], np.uint8)
            i420 = np.concatenate(
                [
                    np.tile(luma, (480, 1)).reshape(-1),
                    np.full(width * 480 // 4, 100, np.uint8),
                    np.full(width * 480 // 4, 180, np.uint8),
                ]
            ).reshape(720, width)
            expected = cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420)
            np.testing.assert_array_equal(frame.pixels, expected)
        pid = int(pid_file.read_text())
        assert process_exists(pid)
    finally:
        source.close()
    assert not process_exists(pid)
    source.close()


def test_rpicam_that_ignores_terminate_is_killed(
    rpicam: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpicam_module, "_STOP_S", 0.3)
    pid_file = rpicam("stubborn")
    source = open_rpicam()
    assert source.read() is not None
    source.close()
    assert not process_exists(int(pid_file.read_text()))


def test_rpicam_busy_and_ended_tell_what_the_tool_said(
    rpicam: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rpicam("busy")
    source = open_rpicam()
    with pytest.raises(CameraUnavailable, match=r"busy .*failed to acquire camera"):
        source.read()
    source.close()
    monkeypatch.setenv("STAND_IN_MODE", "ends")
    source = open_rpicam()
    for _ in range(3):
        assert source.read() is not None
    with pytest.raises(CameraUnavailable, match=r"ended after 3 frames.*timed out"):
        source.read()
    source.close()


def test_silent_rpicam_does_not_block_for_ever(
    rpicam: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpicam_module, "_FIRST_FRAME_S", 0.5)
    rpicam("silent")
    source = open_rpicam()
    with pytest.raises(CameraUnavailable, match="no frame for"):
        source.read()
    source.close()


# Video files


@pytest.mark.parametrize(("name", "fourcc"), [("a.mp4", "mp4v"), ("b.avi", "MJPG")])
def test_video_file_gives_every_frame_in_order(
    video_file: Callable[..., Path], name: str, fourcc: str
) -> None:
    source = open_source(SourceConfig(uri=str(video_file(name, fourcc, frames=10))))
    numbers = []
    while (frame := source.read()) is not None:
        assert frame.pixels.shape == (96, 128, 3)
        numbers.append((frame.index, number_of(frame.pixels)))
    assert numbers == [(n, n) for n in range(10)]
    assert source.read() is None
    source.close()


def test_undecodable_video_exits_5_with_one_line(
    tmp_path: Path, small_model: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    done = run_cli("camera", "--model", str(small_model), "--source", str(path))
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1 and "broken.mp4" in done.stderr
    assert done.stdout == ""


# Folders


def test_folder_gives_pictures_in_name_order(tmp_path: Path) -> None:
    for number, name in ((2, "c.png"), (0, "a.png"), (1, "b.PNG")):
        cv2.imwrite(str(tmp_path / name), numbered(number))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "d.png").mkdir()
    source = open_source(SourceConfig(uri=str(tmp_path)))
    seen = []
    while (frame := source.read()) is not None:
        seen.append((frame.name, number_of(frame.pixels)))
    assert seen == [("a.png", 0), ("b.PNG", 1), ("c.png", 2)]


def test_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadPicture, match="no pictures in"):
        open_source(SourceConfig(uri=str(tmp_path)))


# Streams


def test_stream_gives_the_frames_that_were_sent(
    mjpeg_server: Callable[..., MjpegServer],
) -> None:
    source = open_source(SourceConfig(uri=mjpeg_server(stop_after=60).url))
    numbers = []
    with pytest.raises(CameraUnavailable, match="ended or gave no frame"):
        while True:
            frame = source.read()
            assert frame is not None
            numbers.append(number_of(frame.pixels))
    source.close()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 30


def test_stalled_stream_is_an_error_and_not_a_stale_frame(
    mjpeg_server: Callable[..., MjpegServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READ_TIMEOUT_MS", 1000)
    source = open_source(SourceConfig(uri=mjpeg_server(stall_after=30).url))
    with pytest.raises(CameraUnavailable):
        while True:
            source.read()
    source.close()


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_nobody_listening(scheme: str) -> None:
    with pytest.raises(CameraUnavailable) as caught:
        open_source(SourceConfig(uri=f"{scheme}://user:secret@127.0.0.1:9/live"))
    assert "secret" not in str(caught.value)
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ
