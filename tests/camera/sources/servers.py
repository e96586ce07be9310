"""Network cameras on loopback: real HTTP, FFmpeg and RTSP servers."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2

from edgefmnist.camera.source import Damaged, Source, SourceConfig
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.errors import CameraUnavailable
from edgefmnist.records import Frame
from tests.camera.conftest import Pixels

Handler = http.server.BaseHTTPRequestHandler
RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # it alone sees Debian's GStreamer


@contextlib.contextmanager
def http_server(
    answer: Callable[[Handler], None], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Call `answer` for each GET; yields ``HOST:PORT``."""

    class Request(Handler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):  # the client went away
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Request)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def jpeg(pixels: Pixels) -> bytes:
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def part(data: bytes, *, length: int | None = -1, boundary: bytes = b"--frame") -> bytes:
    """One picture of a multipart stream. length: the Content-Length told; -1: the true one."""
    told = len(data) if length == -1 else length
    lines = [boundary, b"Content-Type: image/jpeg"]
    if told is not None:
        lines.append(b"Content-Length: %d" % told)
    return b"\r\n".join(lines) + b"\r\n\r\n" + data + b"\r\n"


def sending(
    parts: Iterable[bytes], kind: str = "multipart/x-mixed-replace;boundary=frame"
) -> Callable[[Handler], None]:
    """An answer of these parts, after which the connection closes."""
    held = list(parts)

    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.end_headers()
        for one in held:
            request.wfile.write(one)

    return answer


@contextlib.contextmanager
def byte_server(data: bytes, stay: threading.Event | None = None) -> Iterator[str]:
    """Send `data` to each client, then close, or `stay`; yields ``HOST:PORT``."""

    class Sender(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.sendall(data)
                if stay is not None:
                    stay.wait(30)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Sender) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def open_when_there(uri: str, within_s: float = 30) -> Source:
    """Open a stream whose server may still be starting: until then it refuses."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return open_source(SourceConfig(uri=uri))
        except CameraUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def whole_frames(source: Source) -> Iterator[Frame]:
    """The frames of a source to its end, without those that were damaged."""
    while True:
        with contextlib.suppress(Damaged):
            frame = source.read()
            if frame is None:
                return
            yield frame


@contextlib.contextmanager
def ffmpeg_server(file: Path, port: int) -> Iterator[str]:
    """FFmpeg that sends an MJPEG file as it is, at its own speed, to one HTTP client."""
    url = f"http://127.0.0.1:{port}/live"
    command = ["ffmpeg", "-loglevel", "quiet", "-re", "-i", str(file), "-c", "copy"]
    process = subprocess.Popen([*command, "-f", "mpjpeg", "-listen", "1", url])
    try:
        yield url
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def rtsp_server(port: int = 0, *how: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """GStreamer's RTSP server with SMPTE bars, 320x240 at 15 fps; how: see the script."""
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(RTSP_SERVER), str(port), *how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"rtsp://127.0.0.1:{process.stdout.readline().strip()}/live", process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def has_rtsp_server() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    probe = [SYSTEM_PYTHON, str(RTSP_SERVER), "--probe"]
    return subprocess.run(probe, capture_output=True, timeout=60).returncode == 0
