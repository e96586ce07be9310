"""Which source a URI means, and which options go with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgefmnist import cli
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_auto, open_source
from edgefmnist.errors import BadPicture, CameraUnavailable, UsageError
from tests.camera.sources.conftest import Plug
from tests.camera.sources.fake_v4l2 import Device


@pytest.mark.parametrize(
    "uri",
    ["nonsense", "ftp://host/x", "demo:x", "demo:-1", "demonstration", "rtsp:/half", "rpicam:x"],
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


@pytest.mark.parametrize(
    ("uri", "what"),
    [
        ("rtsp://", "no host"),
        ("rtsp:///live", "no host"),
        ("rtsp://me:secret@/live", "no host"),
        ("tcp://camera", "no host and port"),
        ("tcp://:5000", "no host and port"),
    ],
)
def test_an_address_that_lacks_something_is_a_wrong_option(uri: str, what: str) -> None:
    with pytest.raises(UsageError, match=f"--source .* names {what}; give") as caught:
        open_source(SourceConfig(uri=uri))
    assert "secret" not in str(caught.value)


SIZE, FPS = {"size": (640, 480)}, {"fps": 30.0}
REALTIME, LOOP = {"realtime": True}, {"loop": True}


@pytest.mark.parametrize(
    ("uri", "option"),
    [
        *(("auto", option) for option in (REALTIME, LOOP)),
        *(("rpicam", option) for option in (REALTIME, LOOP)),
        *(("picamera2:1", option) for option in (REALTIME, LOOP)),
        *(("/dev/video0", option) for option in (REALTIME, LOOP)),
        *(("demo", option) for option in (SIZE, FPS, LOOP)),
        *(("video", option) for option in (SIZE, FPS)),
        *(("folder", option) for option in (SIZE, FPS, REALTIME)),
        *(("http://host/", option) for option in (SIZE, REALTIME, LOOP)),
        *(("rtsp://host/", option) for option in (SIZE, REALTIME, LOOP)),
    ],
)
def test_an_option_that_a_source_cannot_follow_is_refused_before_anything_is_opened(
    uri: str, option: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "video").touch()
    path = {"video": str(tmp_path / "video"), "folder": str(tmp_path)}.get(uri, uri)
    with pytest.raises(UsageError) as caught:
        open_source(SourceConfig(uri=path, **option))  # type: ignore[arg-type]
    assert f"--{next(iter(option))}" in str(caught.value)


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
    plug: Plug, devices: Path, no_rpicam: None
) -> None:
    plug(0, Device(driver="unicam"))
    plug(10, Device())
    plug(2, Device(modes={"YUYV": {(320, 240): 30}}))
    (devices / "video1").touch()
    source = open_auto((320, 240), 20)
    assert source.name.endswith("video2 320x240 YUYV 20 fps")


def test_auto_prefers_the_pi_camera(plug: Plug, rpicam: Callable[[str], Path]) -> None:
    plug(0, Device())
    rpicam("ok")
    source = open_auto((1280, 720), 20)
    source.close()
    assert source.name == "Raspberry Pi camera 0 1280x720"


def test_auto_passes_a_pi_without_camera_by(devices: Path, rpicam: Callable[[str], Path]) -> None:
    rpicam("none")
    with pytest.raises(CameraUnavailable, match="no camera found"):
        open_auto()
