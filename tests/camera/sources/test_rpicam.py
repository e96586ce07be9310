"""The Pi camera through rpicam-vid: its frames, its end, and the ways in which it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources import rpicam as rpicam_module
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.rpicam import CsiCamera, list_cameras, open_rpicam, parse_listing
from edgefmnist.errors import CameraUnavailable, MissingDependency, UsageError

Install = Callable[[str], Path]

READER = """
import sys
from edgefmnist.camera.sources.rpicam import open_rpicam
source = open_rpicam()
if sys.argv[1] == "read":
    source.read()
print("ready", flush=True)
sys.stdin.read() if sys.argv[1] == "read" else source.read()
"""


def exists(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return ") Z " not in stat  # dead, and not yet collected by its parent


def gone(pid: int, within_s: float = 15) -> bool:
    deadline = time.monotonic() + within_s
    while exists(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not exists(pid)


def expected(width: int, height: int, number: int) -> npt.NDArray[np.uint8]:
    """Frame `number` of the stand-in, converted here."""
    luma = np.array([16 + (number + x) % 220 for x in range(width)], np.uint8)
    i420 = np.concatenate(
        [
            np.tile(luma, (height, 1)).reshape(-1),
            np.full(width * height // 4, 100, np.uint8),
            np.full(width * height // 4, 180, np.uint8),
        ]
    ).reshape(height * 3 // 2, width)
    return np.asarray(cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420), np.uint8)


@pytest.mark.parametrize("size", [None, (1280, 720), (256, 190)])
@pytest.mark.parametrize("align", ["64", "128"])
def test_frames_are_exact_whichever_model_pads_its_rows(
    rpicam: Install,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int] | None,
    align: str,
) -> None:
    monkeypatch.setenv("STAND_IN_ALIGN", align)
    pid_file = rpicam("ok")
    source = open_source(SourceConfig(uri="rpicam", size=size, fps=60))
    width, height = size or (640, 480)
    assert source.name == f"Raspberry Pi camera 0 {width}x{height}"
    try:
        for number in range(3):
            frame = source.read()
            assert frame is not None and frame.index == number
            np.testing.assert_array_equal(frame.pixels, expected(width, height, number))
        pid = int(pid_file.read_text())
        assert exists(pid)
    finally:
        source.close()
    assert gone(pid, 0.1)
    source.close()


@pytest.mark.parametrize(("size", "near"), [((800, 600), "768x600"), ((640, 481), "640x482")])
def test_a_size_whose_rows_are_padded_differently_is_refused(
    size: tuple[int, int], near: str
) -> None:
    with pytest.raises(UsageError, match=near):
        open_rpicam(size=size)


def test_the_second_camera(rpicam: Install) -> None:
    rpicam("two")
    source = open_source(SourceConfig(uri="rpicam:1"))
    frame = source.read()
    source.close()
    assert frame is not None
    np.testing.assert_array_equal(frame.pixels, expected(640, 480, 100))


def test_one_that_ignores_terminate_is_killed(
    rpicam: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpicam_module, "_STOP_S", 0.3)
    pid_file = rpicam("stubborn")
    source = open_rpicam()
    assert source.read() is not None
    source.close()
    assert gone(int(pid_file.read_text()), 0.1)


@pytest.mark.parametrize("mode", ["ends", "cut", "noisy"])
def test_an_end_tells_what_the_tool_said_and_half_a_frame_is_none(
    rpicam: Install, mode: str
) -> None:
    rpicam(mode)
    source = open_rpicam()
    for _ in range(3):
        assert source.read() is not None
    with pytest.raises(CameraUnavailable, match=r"ended after 3 frames.*timed out"):
        source.read()
    source.close()


def test_a_busy_camera_tells_so(rpicam: Install) -> None:
    rpicam("busy")
    source = open_rpicam()
    with pytest.raises(CameraUnavailable, match=r"busy .*failed to acquire camera"):
        source.read()
    source.close()


def test_a_silent_one_does_not_block_for_ever(
    rpicam: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpicam_module, "_FIRST_FRAME_S", 0.5)
    rpicam("silent")
    source = open_rpicam()
    with pytest.raises(CameraUnavailable, match="no frame for"):
        source.read()
    source.close()


def test_not_installed(no_rpicam: None) -> None:
    assert list_cameras() == []
    with pytest.raises(MissingDependency, match="apt install rpicam-apps"):
        open_rpicam()


def reader(how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", READER, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def test_it_ends_when_its_reader_is_killed(rpicam: Install) -> None:
    pid_file = rpicam("ok")
    with reader("read") as process:
        child = int(pid_file.read_text())
        assert exists(child)
        process.kill()
    assert gone(child)


def test_a_kill_of_the_group_ends_it_though_it_writes_nothing(rpicam: Install) -> None:
    pid_file = rpicam("silent")
    with reader("silent") as process:
        deadline = time.monotonic() + 15
        while not pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child = int(pid_file.read_text())
        os.killpg(process.pid, signal.SIGKILL)
    assert gone(child)


def test_what_rpicam_hello_lists(rpicam: Install) -> None:
    rpicam("two")
    assert list_cameras() == [
        CsiCamera(number=0, sensor="imx708", sizes=("1536x864", "2304x1296")),
        CsiCamera(number=1, sensor="ov5647", sizes=("640x480",)),
    ]
    assert parse_listing("No cameras available!\n") == []
