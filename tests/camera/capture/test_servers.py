"""A camera that ran: nothing that its server then says ends the run; a slow one is not lost."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable

import pytest

from edgefmnist.camera.events import State
from tests.camera.capture.conftest import Watched, picture
from tests.camera.sources.http.test_answers import MULTIPART, raw_server, redirect
from tests.camera.sources.servers import part

DENIED = b"HTTP/1.1 401 x\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        redirect("http://[bad/"),
        redirect("file:///etc/passwd"),
        DENIED % b"Negotiate",
        MULTIPART + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFFF\r\n--f\r\n",
    ],
)
def test_a_camera_that_ran_is_waited_for_whatever_its_server_says(
    answer: bytes, watched: Callable[..., Watched]
) -> None:
    connections = itertools.count()
    numbers = itertools.count()

    def serve(connection: socket.socket) -> None:
        if next(connections) in (1, 2):
            connection.sendall(answer)
            return
        connection.sendall(MULTIPART + b"\r\n")
        for _ in range(10):
            connection.sendall(part(picture(next(numbers))))
            time.sleep(0.03)

    with raw_server(serve) as address:
        camera = watched(f"http://me:pw@{address}/")
        camera.until_live()
        camera.until(lambda: next_connection(connections) >= 3, 60)
        camera.until_live(60)
    assert State.FAILED not in camera.states


def test_a_camera_that_gave_frames_to_nobody_ran_too(watched: Callable[..., Watched]) -> None:
    """The first connection ends before the loop, busy elsewhere, has asked for a frame."""
    connections, ended = itertools.count(), threading.Event()

    def serve(connection: socket.socket) -> None:
        first = next(connections) == 0
        connection.sendall(MULTIPART + b"\r\n")
        for number in range(5 if first else 100):
            connection.sendall(part(picture(number)))
            time.sleep(0.03)
        connection.close()
        ended.set()

    with raw_server(serve) as address:
        camera = watched(f"http://{address}/")
        assert ended.wait(60)
        time.sleep(1)  # for the capture process to see the end
        camera.until_live(60)
    assert State.FAILED not in camera.states


def next_connection(count: itertools.count[int]) -> int:
    """How many were made, without making one."""
    return int(repr(count).removeprefix("count(").removesuffix(")"))


def test_a_camera_with_a_picture_every_few_seconds_is_not_restarted(
    watched: Callable[..., Watched],
) -> None:
    connections = []

    def serve(connection: socket.socket) -> None:
        connections.append(connection)
        connection.sendall(MULTIPART + b"\r\n")
        for number in range(100):
            connection.sendall(part(picture(number)))
            time.sleep(2.5)

    with raw_server(serve) as address:
        camera = watched(f"http://{address}/")
        camera.until(lambda: len(camera.frames) >= 4, 60)
    assert len(connections) == 1
    assert camera.states == [State.STARTING, State.LIVE]
