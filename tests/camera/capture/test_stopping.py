"""However the main process ends, and whatever the source waits for, no child of it stays."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.soak import watch

BOUND_S = 30.0
Serve = Callable[[bytes, bytes], int]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
# A box of padding that never ends: no decoder can say that this is no video.
ENDLESS_MP4 = b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\1free" + (1 << 60).to_bytes(8, "big")


@pytest.fixture
def server() -> Iterator[Serve]:
    """Serve `head` and then `more` for ever to each who connects; returns the port."""
    with contextlib.ExitStack() as stack:

        def serve(head: bytes, more: bytes) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            over = threading.Event()
            stack.callback(over.set)

            def answer() -> None:
                with contextlib.suppress(OSError):
                    while not over.is_set():
                        connection, _ = listener.accept()
                        threading.Thread(target=send, args=(connection,), daemon=True).start()

            def send(connection: socket.socket) -> None:
                with contextlib.suppress(OSError), connection:
                    connection.sendall(head)
                    while not over.wait(0 if len(more) > 1 else 0.1):
                        connection.sendall(more)

            threading.Thread(target=answer, daemon=True).start()
            return int(listener.getsockname()[1])

        yield serve


def camera(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgefmnist", "camera", *words],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + BOUND_S
    while (left := watch.alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def capture_process_of(process: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + BOUND_S
    while time.monotonic() < deadline:
        for pid in set(watch.tree(process.pid)) - {process.pid}:
            with contextlib.suppress(OSError):
                if b"capture.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        time.sleep(0.01)
    raise AssertionError("no capture process was started")


@pytest.mark.parametrize(
    ("address", "head", "more"),
    [
        ("http://127.0.0.1:{}/x.mp4", HEAD + b"video/mp4\r\n\r\n" + ENDLESS_MP4, bytes(65536)),
        ("http://127.0.0.1:{}/", HEAD + b"multipart/x-mixed-replace\r\n\r\n--x\r\n\r\n", b"."),
        ("rtsp://127.0.0.1:{}/", b"", b" "),
    ],
    ids=["video", "part", "rtsp"],
)
def test_a_stream_that_never_gives_a_frame_is_left(
    server: Serve, address: str, head: bytes, more: bytes
) -> None:
    with camera("--source", address.format(server(head, more))) as process:
        child = capture_process_of(process)
        time.sleep(1)  # somewhere within opening
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=BOUND_S)
    assert process.returncode in (0, 130), errors
    assert "Traceback" not in errors
    assert_gone({child})


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.3])
def test_a_main_process_that_is_killed_leaves_nothing(
    rpicam: Callable[[str], Path], after_s: float
) -> None:
    """Also while the capture process is still being started, or its camera tool says nothing."""
    rpicam("silent")
    with camera("--source", "rpicam") as process:
        child = capture_process_of(process)
        time.sleep(after_s)
        pids = {child, *watch.tree(child)}
        process.kill()
    assert_gone(pids)


def test_no_child_knows_the_secrets(rpicam: Callable[[str], Path]) -> None:
    secrets = {
        "EDGEFMNIST_PREVIEW_TOKEN": "hunter2-token-of-the-page",
        "EDGEFMNIST_MQTT_PASSWORD": "hunter2-password",
        "EDGEFMNIST_SOURCE": "rpicam:0",
        "HA_TOKEN": "hunter2-of-another",
    }
    pid_file = rpicam("ok")
    with camera(**secrets) as process:
        child = capture_process_of(process)
        deadline = time.monotonic() + BOUND_S
        while not pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        tool = int(pid_file.read_text())
        for pid in (child, tool):
            told = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"hunter2" not in told and b"EDGEFMNIST_SOURCE" not in told
            assert b"PATH=" in told
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=BOUND_S)
    assert_gone({child, tool})
