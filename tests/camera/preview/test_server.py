"""The server under people who are slow, many, silent or ill-mannered; and its end."""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview, connections
from edgefmnist.camera.preview.publisher import VIEWERS
from tests.camera.conftest import number_of, numbered
from tests.camera.preview.browser import camera, wait_for
from tests.camera.preview.conftest import (
    OpenPreview,
    ask,
    connected,
    event,
    get,
    next_picture,
    open_sockets,
    port_of,
    start_request,
    status,
    whole,
)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def noisy(number: int) -> np.ndarray:
    """A numbered frame whose JPEG is large."""
    noise = np.random.default_rng(number).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    noise[:96, :128] = numbered(number)
    return noise


def test_fifty_who_never_read_slow_nothing_and_are_dropped(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_PATIENCE_S", 2.0)
    frames = [event(number, pixels=noisy(number)) for number in range(4)]
    for frame in frames:
        preview.on_event(frame)
    paths = ("/stream.mjpg", "/events")
    sockets, before = open_sockets(), resident_bytes()
    seats = preview._server._publisher.pictures
    clients = [connected(preview, get(paths[number % 2])) for number in range(2 * VIEWERS)]
    wait_for(lambda: seats.viewers == VIEWERS, "every place is taken by one who does not read")
    clients += [connected(preview, get(paths[number % 2])) for number in range(50 - len(clients))]
    took = []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        start = time.perf_counter()
        preview.on_event(frames[len(took) % 4])
        took.append(time.perf_counter() - start)
        time.sleep(0.01)
    assert seats.viewers <= VIEWERS
    assert statistics.median(took) < 0.002 and max(took) < 0.5
    assert resident_bytes() - before < 48 * 2**20
    # They still do not read, and their places are free again: sooner than the kernel would do it.
    wait_for(lambda: ask(preview, "/stream.mjpg", method="HEAD").status == 200, "dropped", 10)
    shown = start_request(preview, "/stream.mjpg")
    assert next_picture(shown).shape == (480, 640, 3)
    shown.close()
    for client in clients:
        client.close()
    wait_for(lambda: open_sockets() <= sockets, "their sockets are closed")


def test_a_slow_viewer_misses_pictures_and_is_not_left_behind(preview: Preview) -> None:
    over = threading.Event()

    def feed() -> None:
        for number in range(4000):
            preview.on_event(event(number, pixels=noisy(number)[:480, :640]))
            if over.wait(0.08):
                return

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        viewer = start_request(preview, "/stream.mjpg")
        next_picture(viewer)
        time.sleep(3)
        numbers = [number_of(next_picture(viewer)[:96, :128]) for _ in range(15)]
        viewer.close()
    finally:
        over.set()
        thread.join()
    assert numbers == sorted(set(numbers))
    assert max(np.diff(numbers)) > 10


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b" 400 "),  # TLS
        (b"GET\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\n\r\n", b" 400 "),  # no Host
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 2**20, b" 400 "),
        (b"GET /" + b"a" * 2**20, b" 400 "),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b" 400 "),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "),
        (b"GET /%2e%2e/__init__.py HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "),
        (b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab", b" 405 "),
        (b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", b" 405 "),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 405 "),
        (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            b" 200 ",
        ),
    ],
)
def test_ill_mannered_requests_are_answered_and_over(
    asked: Preview, request_bytes: bytes, answer: bytes
) -> None:
    client = connected(asked)
    with contextlib.suppress(ConnectionError):  # it may be told before it has said everything
        client.sendall(request_bytes)
    told = whole(client)
    client.close()
    # Where we were still talking the answer may be lost with the connection.
    assert answer in told.partition(b"\r\n")[0] or (len(request_bytes) > 60_000 and not told)
    assert ask(asked, "/healthz").status == 200


@pytest.mark.parametrize("reading", [True, False])
def test_close_does_not_wait_for_viewers(preview: Preview, reading: bool) -> None:
    paths = ("/stream.mjpg", "/events")
    for number in range(4):
        preview.on_event(event(number, pixels=noisy(number)))
    clients = [connected(preview, get(paths[number % 2])) for number in range(6)]
    assert all(b" 200 " in client.recv(1024) for client in clients)
    if reading:
        for client in clients:
            threading.Thread(target=whole, args=(client,), daemon=True).start()
    else:  # until their sockets are full
        for number in range(20):
            preview.on_event(event(number, pixels=noisy(number)))
            time.sleep(0.1)
    start = time.monotonic()
    preview.close()
    assert time.monotonic() - start < 5
    assert not preview._server._thread.is_alive()
    with pytest.raises(OSError):
        connected(preview)
    preview.close()
    preview.on_event(event())  # after the end nothing is told, and nothing fails
    for client in clients:
        if not reading:
            whole(client)  # ends too
        client.close()


def test_a_port_can_be_taken_again_at_once(opened: OpenPreview) -> None:
    first = opened()
    viewer = start_request(first, "/events")
    first.close()
    again = opened(f"127.0.0.1:{port_of(first)}")
    again.on_status(status(State.LIVE))
    again.on_event(event())
    assert ask(again, "/healthz").status == 200
    viewer.close()


def test_a_server_that_dies_is_told_at_the_next_event(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(preview._server._publisher, "_publish", broken)
    wait_for(lambda: not preview._server._thread.is_alive(), "it ended")
    for tell in (lambda: preview.on_event(event()), lambda: preview.on_status(status(State.LIVE))):
        with pytest.raises(OSError, match="a defect"):
            tell()
    with pytest.raises(OSError):
        connected(preview)
    preview.close()


def test_signals_stay_with_the_command_and_the_terminal_clean() -> None:
    with camera() as (url, process):
        port = int(url.rstrip("/").rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), 20) as viewer:
            viewer.sendall(get("/stream.mjpg"))
            assert viewer.recv(100)
            process.terminate()
            assert process.wait(20) == 0


def test_what_visitors_do_wrong_stays_off_the_terminal() -> None:
    code = (
        "import socket\n"
        "from edgefmnist.camera.preview import open_preview\n"
        "from edgefmnist.records import ModelInUse\n"
        "preview = open_preview(':0', source='demo', model=ModelInUse(name='edge'))\n"
        "port = int(preview.url.rstrip('/').rsplit(':', 1)[1])\n"
        "for words in (b'GET\\r\\n\\r\\n', b'GET /nowhere HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'):\n"
        "    with socket.create_connection(('127.0.0.1', port), 20) as client:\n"
        "        client.sendall(words)\n"
        "        assert client.recv(100)\n"
        "preview.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_of_the_web_is_loaded_without_the_option() -> None:
    code = (
        "import sys\n"
        "from edgefmnist.cli.outputs import OutputsConfig, open_outputs\n"
        "import edgefmnist.camera.preview\n"
        "from edgefmnist.records import ModelInUse\n"
        "assert open_outputs(OutputsConfig(), 'demo', ModelInUse(name='edge')) == []\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("starlette", "uvicorn", "prometheus_client", "h11", "anyio"):
        assert f"'{name}'" not in done.stdout
