"""Streams that FFmpeg reads: RTSP from a real server, and raw TCP."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from edgefmnist.camera.source import SourceConfig, has_password, without_password
from edgefmnist.camera.sources import stream
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.errors import CameraUnavailable
from tests.camera.sources.films import PACKET, make
from tests.camera.sources.servers import (
    byte_server,
    free_port,
    open_when_there,
    rtsp_server,
    whole_frames,
)


@pytest.mark.usefixtures("needs_rtsp_server")
def test_rtsp_server_that_dies_and_comes_back() -> None:
    port = free_port()
    for _ in range(2):
        with rtsp_server(port) as (url, _process):
            source = open_when_there(url)
            assert source.live and source.name == url
            for index in range(5):
                frame = source.read()
                assert frame is not None and frame.index == index
                assert frame.pixels.shape == (240, 320, 3)
                grey, green, blue = (frame.pixels[50, x].tolist() for x in (20, 160, 300))
                assert min(grey) > 150  # SMPTE bars, in B, G, R order
                assert green[1] > 150 and max(green[0], green[2]) < 60
                assert blue[0] > 150 and max(blue[1:]) < 60
        with pytest.raises(CameraUnavailable, match="ended after"):
            for _ in range(100):
                source.read()
        source.close()
        with pytest.raises(CameraUnavailable, match="no video from"):
            open_source(SourceConfig(uri=url))


@pytest.mark.usefixtures("needs_rtsp_server")
def test_rtsp_server_that_hangs_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "READ_TIMEOUT_S", 0.7)
    with rtsp_server() as (url, process):
        source = open_source(SourceConfig(uri=url))
        assert source.read() is not None
        process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(CameraUnavailable, match="gave no frame for"):
            for _ in range(1000):
                source.read()
        assert time.monotonic() - start < 10
        source.close()


@pytest.mark.usefixtures("needs_rtsp_server")
def test_rtsp_camera_that_sends_over_udp_only() -> None:
    with rtsp_server(0, "udp") as (url, _process):
        source = open_when_there(url.replace("rtsp://", "RTSP://"))
        frames = [source.read() for _ in range(5)]
        source.close()
    assert all(frame is not None and frame.pixels.shape == (240, 320, 3) for frame in frames)


@pytest.mark.usefixtures("needs_rtsp_server")
@pytest.mark.parametrize("how", [["password"], ["udp", "password"]])
def test_rtsp_password(how: list[str]) -> None:
    with rtsp_server(0, *how) as (url, _process):
        source = open_when_there(url.replace("//", "//me:p%40ss@"))
        assert source.read() is not None and "p%40ss" not in source.name
        source.close()
        for userinfo in ("", "me:wrong@"):
            with pytest.raises(CameraUnavailable, match="refuses user or password") as caught:
                open_source(SourceConfig(uri=url.replace("//", f"//{userinfo}")))
            assert "wrong" not in str(caught.value) and "127.0.0.1" in str(caught.value)


@pytest.mark.usefixtures("needs_rtsp_server")
def test_rtsp_path_that_is_not_there() -> None:
    with rtsp_server() as (url, _process):
        open_when_there(url).close()
        with pytest.raises(CameraUnavailable, match="404"):
            open_source(SourceConfig(uri=url + "-not"))


@pytest.mark.usefixtures("needs_ffmpeg")
def test_sender_without_keyframes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEYFRAME_S", 0.2)
    monkeypatch.setattr(stream, "READ_TIMEOUT_S", 1.0)
    data = make(tmp_path / "a.ts", "-c:v mpeg4 -g 600 -f mpegts").read_bytes()
    tables, film = data[: 3 * PACKET], data[len(data) // 10 // PACKET * PACKET :]
    with byte_server(tables + film + film, stay=threading.Event()) as address:
        source = open_source(SourceConfig(uri=f"tcp://{address}"))
        with pytest.raises(CameraUnavailable, match="keyframe"):
            source.read()
        source.close()


@pytest.mark.usefixtures("needs_ffmpeg")
def test_a_size_that_changes_on_the_way_is_given_as_it_comes(tmp_path: Path) -> None:
    """White after black, and four times as many pixels."""
    data = b""
    for colour, size in (("black", "160x120"), ("white", "320x240")):
        path = tmp_path / colour
        words = f"ffmpeg -loglevel error -f lavfi -i color={colour}:size={size}:rate=25 -t 3"
        coding = "-c:v mpeg2video -g 5 -f mpegts"
        subprocess.run([*words.split(), *coding.split(), str(path)], check=True)
        data += path.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        source = open_source(SourceConfig(uri=f"tcp://127.0.0.1:{port}"))
        shades = []
        with pytest.raises(CameraUnavailable):
            for frame in whole_frames(source):
                white = frame.pixels.mean() > 127
                assert frame.pixels.shape == ((240, 320, 3) if white else (120, 160, 3))
                assert frame.pixels.max() - frame.pixels.min() < 8  # nowhere a part of the other
                shades.append(white)
        source.close()
    assert 20 < sum(shades) < len(shades) - 20 and shades == sorted(shades)


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_nobody_listening(scheme: str) -> None:
    start = time.monotonic()
    with pytest.raises(CameraUnavailable) as caught:
        open_source(SourceConfig(uri=f"{scheme}://user:secret@127.0.0.1:9/live"))
    assert "secret" not in str(caught.value)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://me:secret@cam/live", "rtsp://cam/live"),
        ("rtsp://me:se@cret@cam:554/live", "rtsp://cam:554/live"),
        ("rtsp://me:sec/ret@cam/live", "rtsp://cam/live"),
        ("http://me@cam/", "http://cam/"),
        ("http://cam/video?user=me&pwd=secret", "http://cam/video?..."),
        ("http://cam:80/a/b", "http://cam:80/a/b"),
        ("RTSP://me:se?c#ret@cam/live", "RTSP://cam/live"),
        ("rtsp:/me:secret@cam/live", "rtsp:/cam/live"),
        ("me:secret@cam/live", "cam/live"),
        ("rtsp://me%3asecret@cam/live", "rtsp://cam/live"),
        ("rtsp://cam:554/user=me&password=secret&channel=1", "rtsp://cam:554/..."),
        ("http://cam/video#secret", "http://cam/video#..."),
        ("/videos/a:b@c.mp4", "/videos/a:b@c.mp4"),
        ("rtsp://cam/profile@1", "rtsp://cam/profile@1"),
    ],
)
def test_no_password_in_a_name(uri: str, shown: str) -> None:
    assert without_password(uri) == shown


def test_addresses_with_a_password_are_known() -> None:
    for uri in (
        *("rtsp://me:secret@cam", "RTSP://me:se/c@ret@cam/1", "rtsp://me%3Asecret@cam", "a:b@cam"),
        *("http://cam/v?user=a&pwd=b", "rtsp://cam/user=a_password=b", "http://cam/v?token=x"),
    ):
        assert has_password(uri), uri
    for uri in (
        *("rtsp://cam:554/1", "rtsp://me@cam/1", "rtsp://me:@cam/1", "http://cam:80/a@2x.jpg"),
        *("http://cam/v?fps=3&keyframe=1", "tcp://[::1]:99", "rpicam:1", "demo:7", "/v/a:b@c.mp4"),
    ):
        assert not has_password(uri), uri
