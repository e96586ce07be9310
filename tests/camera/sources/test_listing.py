"""``edgefmnist camera --list``: what is there, how it is named, and what keeps it from opening."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from edgefmnist import cli
from edgefmnist.camera.listing import FoundCamera, list_sources
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.render import cameras
from tests.camera.sources.conftest import Plug
from tests.camera.sources.fake_picamera2 import Picamera2, module
from tests.camera.sources.fake_v4l2 import Device

BOTH = {"YUYV": {(640, 480): 30}, "MJPG": {(640, 480): 30, (1280, 720): 30}}


@pytest.fixture
def list_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*options: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["edgefmnist", "camera", "--list", *options])
        code = cli.run()
        return code, *capfd.readouterr()

    return run


def test_every_camera_with_the_word_that_opens_it(
    plug: Plug, rpicam: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rpicam("two")
    monkeypatch.setitem(sys.modules, "picamera2", module())
    monkeypatch.setattr(Picamera2, "cameras", [{"Num": 0, "Model": "imx708", "Id": "/base/soc"}])
    monkeypatch.setattr(Picamera2, "owned", set())
    plug(10, Device(card="HD Pro Webcam C920", modes=BOTH))
    plug(11, Device(caps=0x04A00000))  # its metadata node
    plug(12, Device(driver="unicam"))
    found = list_sources()
    assert found == [
        FoundCamera(
            source="rpicam",
            name="imx708",
            through="rpicam-vid",
            sizes={"sensor": ("1536x864", "2304x1296")},
        ),
        FoundCamera(
            source="rpicam:1", name="ov5647", through="rpicam-vid", sizes={"sensor": ("640x480",)}
        ),
        FoundCamera(source="picamera2", name="imx708", through="picamera2", sizes={}),
        FoundCamera(
            source="/dev/video10",
            name="HD Pro Webcam C920",
            through="uvcvideo",
            sizes={"YUYV": ("640x480",), "MJPG": ("640x480", "1280x720")},
        ),
    ]
    for one in found:
        source = open_source(SourceConfig(uri=one.source))
        assert source.read() is not None
        source.close()


def test_busy_and_forbidden_devices_are_listed_with_the_mend(
    plug: Plug, no_rpicam: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(0, Device())
    plug(1, Device())
    open_source(SourceConfig(uri="0"))
    real = os.open

    def forbidden(path: Path, *rest: int) -> int:
        if str(path).endswith("video1"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", forbidden)
    busy, closed = list_sources()
    assert "fuser -v /dev/video0" in busy.trouble
    assert "usermod -aG video" in closed.trouble and closed.source == "/dev/video1"


def test_a_row_for_each(
    plug: Plug,
    rpicam: Callable[[str], Path],
    list_command: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    rpicam("ok")
    plug(0, Device(card="Odd \x1b[31m card", modes=BOTH))
    code, out, err = list_command()
    assert (code, err) == (0, "") and "\x1b" not in out
    words = " ".join(out.split())
    for word in ("rpicam imx708", "/dev/video0 Odd", "MJPG 640x480, 1280x720", "ready"):
        assert word in words


def test_json_lines(
    plug: Plug, no_rpicam: None, list_command: Callable[..., tuple[int, str, str]]
) -> None:
    plug(0, Device(card="Cam", modes=BOTH))
    code, out, err = list_command("--jsonl")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "source": "/dev/video0",
        "name": "Cam",
        "through": "uvcvideo",
        "sizes": {"YUYV": ["640x480"], "MJPG": ["640x480", "1280x720"]},
        "trouble": "",
    }


@pytest.mark.parametrize("options", [(), ("--jsonl",)])
def test_nothing_there_is_an_answer_and_tells_what_to_do(
    devices: Path,
    no_rpicam: None,
    list_command: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
) -> None:
    notes = io.StringIO()
    monkeypatch.setattr(cameras, "notes", Console(file=notes))
    code, out, _ = list_command(*options)
    assert (code, out) == (0, "")
    for word in ("rpicam-hello", "rtsp://", "--source demo"):
        assert word in notes.getvalue()
