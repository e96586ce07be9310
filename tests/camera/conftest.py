"""Parts that the camera tests share: a real MJPEG server, stand-ins for hardware, small videos."""

from __future__ import annotations

import http.server
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

Pixels = npt.NDArray[np.uint8]
_BITS = 12


def numbered(number: int) -> Pixels:
    """A 96x128 picture that carries `number` as twelve black or white bars."""
    bars = [255 * (number >> bit & 1) for bit in range(_BITS)]
    row = np.repeat(np.array(bars, np.uint8), 10)
    return np.repeat(np.tile(np.pad(row, (0, 8)), (96, 1))[..., None], 3, axis=2)


def number_of(pixels: Pixels) -> int:
    """What `numbered` wrote, also after lossy coding."""
    return sum(1 << bit for bit in range(_BITS) if pixels[48, bit * 10 + 5, 0] > 127)


class MjpegServer:
    """A camera on the network: numbered frames at `rate` a second, from 0 for each client.

    `sent` is the number of the newest frame written. After `stop_after` frames the connection is
    closed; after `stall_after` it stays open and silent.
    """

    def __init__(
        self, rate: float = 30, stop_after: int = 4000, stall_after: int = 4000, port: int = 0
    ) -> None:
        self.sent = -1
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
                self.end_headers()
                start = time.monotonic()
                try:
                    for number in range(stop_after):
                        if number == stall_after:
                            server._over.wait(60)
                            return
                        jpeg = cv2.imencode(".jpg", numbered(number))[1].tobytes()
                        self.wfile.write(
                            b"--frame\r\nContent-Type: image/jpeg\r\n"
                            + f"Content-Length: {len(jpeg)}\r\n\r\n".encode()
                            + jpeg
                            + b"\r\n"
                        )
                        server.sent = number
                        server._over.wait(max(0.0, start + (number + 1) / rate - time.monotonic()))
                        if server._over.is_set():
                            return
                except OSError:
                    pass  # the client went away

            def log_message(self, *_: object) -> None:
                pass

        self._over = threading.Event()
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/stream.mjpg"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture(scope="session")
def needs_ffmpeg() -> None:
    """Skip where FFmpeg is not installed."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("FFmpeg is not installed")


@pytest.fixture
def mjpeg_server() -> Iterator[Callable[..., MjpegServer]]:
    """Start servers that end with the test."""
    started: list[MjpegServer] = []

    def start(**options: float) -> MjpegServer:
        started.append(MjpegServer(**options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def video_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a real video of numbered frames."""

    def write(name: str, fourcc: str, frames: int = 10) -> Path:
        path = tmp_path / name
        code = cv2.VideoWriter.fourcc(*fourcc)
        writer = cv2.VideoWriter(str(path), code, 25, (128, 96))
        for number in range(frames):
            writer.write(numbered(number))
        writer.release()
        return path

    return write


@pytest.fixture
def rpicam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put stand-ins for rpicam-vid and rpicam-hello first on PATH; returns their pid file.

    They behave as the mode says: ok, two (cameras), none (no camera), busy, ends (after three
    frames), cut (ends within the fourth), noisy (ends after a megabyte of
    warnings), silent (never a frame), stubborn (ignores SIGTERM).
    """

    def install(mode: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        source = (Path(__file__).parent / "stand_in_rpicam.py").read_text(encoding="utf-8")
        for name in ("rpicam-vid", "rpicam-hello"):
            tool = folder / name
            tool.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
            tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("STAND_IN_MODE", mode)
        monkeypatch.setenv("STAND_IN_PID", str(tmp_path / "pid"))
        return tmp_path / "pid"

    return install
