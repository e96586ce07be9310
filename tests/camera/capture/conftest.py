"""A camera on the network that fails as it is told to, and a capture to watch over it."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.capture.supervisor import Supervisor
from edgefmnist.camera.events import State, Status
from edgefmnist.camera.source import SourceConfig
from edgefmnist.records import Frame

RATE = 25


def picture(number: int, size: tuple[int, int] = (128, 96)) -> bytes:
    """A JPEG of noise that no other number has, with a bright and a dark half."""
    noise = np.random.default_rng(number).integers(0, 60, (size[1], size[0], 3), np.uint8)
    noise[:, : size[0] // 2] += 150
    return cv2.imencode(".jpg", noise)[1].tobytes()


class Camera:
    """A real MJPEG server, each of whose connections behaves as `mode` says at the moment.

    run: a new picture every 40 ms. stall: nothing more. freeze: the same picture again and again.
    black, grey: one colour. truncated: every other JPEG ends too early. large: pictures of another
    size. `close` ends the connections and refuses new ones; `listen` is there again on the same
    port.
    """

    def __init__(self) -> None:
        self.mode = "run"
        self.sent = 0
        self.port = 0
        self._over = threading.Event()
        self._server: socketserver.ThreadingTCPServer | None = None
        self._connections: list[socket.socket] = []
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream.mjpg"

    def listen(self) -> None:
        camera = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                camera._connections.append(self.request)
                with contextlib.suppress(OSError):
                    self.request.recv(4096)
                    camera._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self._over.clear()
        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def _serve(self, connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n"
        )
        while not self._over.wait(1 / RATE):
            if self.mode == "stall":
                continue
            jpeg = self._jpeg()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            connection.sendall(head.encode() + jpeg + b"\r\n")

    def _jpeg(self) -> bytes:
        if self.mode == "freeze":
            return picture(0)
        if self.mode in ("black", "grey"):
            plain = np.full((96, 128, 3), 8 if self.mode == "black" else 130, np.uint8)
            return cv2.imencode(".jpg", plain)[1].tobytes()
        self.sent += 1
        if self.mode == "large":
            return picture(self.sent, (320, 240))
        jpeg = picture(self.sent)
        if self.mode == "truncated" and self.sent % 2:
            return jpeg[: len(jpeg) // 2]
        return jpeg


@pytest.fixture
def camera() -> Iterator[Camera]:
    """A camera that runs."""
    made = Camera()
    yield made
    made.close()


class Watched:
    """A capture, every frame that it gave and every state that it was in."""

    def __init__(self, capture: Supervisor) -> None:
        self.capture = capture
        self.frames: list[Frame] = []
        self.statuses: list[Status] = [capture.status]

    def until(self, done: Callable[[], bool], within_s: float) -> float:
        """Take frames until `done`; fails after `within_s`, else the seconds that it took."""
        start = time.monotonic()
        while not done():
            taken = self.capture.take(0.1)
            if self.capture.status != self.statuses[-1]:
                self.statuses.append(self.capture.status)
            if taken is not None:
                self.frames.append(taken[0])
                del self.frames[:-500]
            took = time.monotonic() - start
            assert took < within_s, f"not within {within_s} s; states: {self.statuses}"
        return time.monotonic() - start

    def until_live(self, within_s: float = 30) -> float:
        """Until a frame comes that is newer than this call."""
        start = time.monotonic_ns()
        return self.until(
            lambda: bool(self.frames) and self.frames[-1].captured_ns > start, within_s
        )

    def until_fault(self, *faults: str, within_s: float = 30) -> float:
        """Until a state with one of `faults` was entered after this call."""
        before = len(self.statuses)
        return self.until(
            lambda: any(status.fault in faults for status in self.statuses[before:]), within_s
        )

    @property
    def states(self) -> list[State]:
        return [status.state for status in self.statuses]


@pytest.fixture
def watched() -> Iterator[Callable[..., Watched]]:
    """Start captures that end with the test, and leave no process behind."""
    started: list[Watched] = []

    def start(config: SourceConfig | str, give_up_after_s: float | None = None) -> Watched:
        if isinstance(config, str):
            config = SourceConfig(uri=config)
        capture = Supervisor(config, give_up_after_s)
        started.append(Watched(capture))
        capture.wait_until_open(lambda: False)
        return started[-1]

    yield start
    for one in started:
        one.capture.close()
    deadline = time.monotonic() + 5
    while children(os.getpid()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children(os.getpid()) == []


def children(pid: int) -> list[int]:
    """Capture processes whose parent is `pid`, from /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes()
            if int(fields[1]) == pid and b"edgefmnist.camera.capture.child" in words:
                found.append(int(folder.name))
    return found
