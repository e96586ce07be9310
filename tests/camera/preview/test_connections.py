"""Connections that wait for their request: silent ones, slow ones, more than there is room for."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview, connections
from edgefmnist.camera.preview.connections import MAX_WAITING
from edgefmnist.camera.preview.publisher import VIEWERS
from tests.camera.preview.browser import wait_for
from tests.camera.preview.conftest import (
    OpenPreview,
    ask,
    connected,
    event,
    get,
    next_picture,
    open_sockets,
    start_request,
    status,
    whole,
)


def is_ended(client: socket.socket) -> bool:
    """Whether the server has ended it; what it said before can still be read."""
    state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != 1  # TCP_ESTABLISHED


def opening(client: socket.socket) -> bytes:
    """The status line of what comes, as far as it comes."""
    try:
        return client.recv(65536).partition(b"\r\n")[0]
    except ConnectionError:
        return b""


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: local"])
def test_however_many_wait_a_request_is_answered(
    preview: Preview, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_S", 300.0)
    sockets = open_sockets()
    viewers = [start_request(preview, "/stream.mjpg") for _ in range(VIEWERS)]
    others = [connected(preview, peer=f"127.0.0.{number}") for number in range(2, 6)]
    crowd = [connected(preview, begun) for _ in range(3 * MAX_WAITING)]
    for path in ("/healthz", "/", "/page.js", "/metrics"):
        assert ask(preview, path).status == 200, path  # beside them, from the same host
    # Those of the crowd left for one another, and nobody who was there before.
    wait_for(lambda: sum(map(is_ended, crowd)) >= 2 * MAX_WAITING, "the oldest of them are cut")
    assert not any(map(is_ended, others))
    preview.on_event(event())
    for number, client in enumerate(others):
        client.sendall(get(("/healthz", "/")[number % 2]))
        assert b" 200 " in opening(client)
    for viewer in viewers:
        next_picture(viewer)
    assert len(preview._server._server.server_state.connections) <= MAX_WAITING + 2 * VIEWERS
    for client in (*crowd, *others, *viewers):
        client.close()
    wait_for(lambda: not preview._server._server.server_state.connections, "all are gone")
    wait_for(lambda: open_sockets() <= sockets, "their sockets are closed")


def test_who_is_sent_away_for_want_of_room_is_answered(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_S", 300.0)
    first = connected(preview, b"GET /healthz HTTP/1.1\r\n")
    held = preview._server._server.server_state.connections
    wait_for(lambda: any(one._begun for one in list(held)), "its beginning was read")
    crowd = [connected(preview) for _ in range(MAX_WAITING)]
    told = whole(first)
    assert b" 503 " in told.partition(b"\r\n")[0] and b"retry-after:" in told.lower()
    for client in (first, *crowd):
        client.close()


def test_who_sends_no_whole_request_in_time_is_cut(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_S", 1.0)
    silent = connected(preview)
    viewer = start_request(preview, "/stream.mjpg")
    head, body = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"Content-Length: 99\r\n\r\n"
    slow = {
        b" 408 ": connected(preview, head),
        b" 405 ": connected(preview, b"POST / HTTP/1.1\r\nHost: localhost\r\n" + body),
    }
    end = time.monotonic() + 20
    while not all(map(is_ended, (silent, *slow.values()))):
        assert time.monotonic() < end
        for client in slow.values():
            with contextlib.suppress(OSError):
                client.send(b"a")  # a byte now and then is no whole request
        time.sleep(0.1)
    next_picture(viewer)  # and not who is served
    for client in (silent, viewer):
        client.close()
    for code, client in slow.items():
        assert code in opening(client)
        client.close()


def test_eight_browsers_from_one_host_are_served(opened: OpenPreview) -> None:
    """All that eight pages ask for at once, from one address, beside connections ahead of need."""
    preview = opened(token="correct-horse-battery-staple")
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    words = b"Authorization: Bearer correct-horse-battery-staple\r\n\r\n"
    paths = ("/", "/page.css", "/page.js", "/icon.svg", "/stream.mjpg", "/events")
    ahead = [connected(preview) for _ in range(8)]
    asked = [(path, connected(preview, get(path)[:-2] + words)) for _ in range(8) for path in paths]
    for path, client in asked:
        assert b" 200 " in opening(client), path
    for client in (*ahead, *(client for _, client in asked)):
        client.close()
