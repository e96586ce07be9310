"""MJPEG over HTTP, read part by part: what gets through, and the ways in which it fails."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.decoding import live
from edgefmnist.camera.source import Source, SourceConfig
from edgefmnist.camera.sources import mjpeg
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.stream import StreamSource
from edgefmnist.errors import CameraUnavailable, UsageError
from tests.camera.conftest import MjpegServer, number_of, numbered
from tests.camera.sources.servers import (
    Handler,
    byte_server,
    ffmpeg_server,
    free_port,
    http_server,
    jpeg,
    open_when_there,
    part,
    sending,
)

JPEGS = [jpeg(numbered(number)) for number in range(6)]
CUT = JPEGS[2][:-150]  # a quarter of its coded data


def opened(address: str) -> Source:
    return open_source(SourceConfig(uri=f"http://{address}/stream"))


def numbers_until_the_end(source: Source) -> list[int]:
    """Of every frame, whose indices count up from 0."""
    numbers: list[int] = []
    with pytest.raises(CameraUnavailable, match="ended after"):
        while True:
            frame = source.read()
            assert frame is not None and frame.index == len(numbers)
            numbers.append(number_of(frame.pixels))
    source.close()
    return numbers


def test_every_frame_that_was_sent_from_the_first_to_the_last(
    mjpeg_server: Callable[..., MjpegServer],
) -> None:
    source = open_source(SourceConfig(uri=mjpeg_server(stop_after=30, rate=100).url))
    assert source.live
    assert numbers_until_the_end(source) == list(range(30))


@pytest.mark.usefixtures("needs_ffmpeg")
def test_a_real_ffmpeg_server_that_dies_and_comes_back(video_file: Callable[..., Path]) -> None:
    """It sends chunks, names no multipart type, and refuses while it is away."""
    file, port = video_file("a.avi", "MJPG", frames=60), free_port()
    for _ in range(2):
        with ffmpeg_server(file, port) as url:
            source = open_when_there(url)
            numbers = [number_of(f.pixels) for f in (source.read() for _ in range(10)) if f]
        assert numbers == list(range(10))
        with pytest.raises(CameraUnavailable):
            for _ in range(100):  # what was under way when it died
                source.read()
        source.close()
        start = time.monotonic()
        with pytest.raises(CameraUnavailable, match="Connection refused"):
            open_source(SourceConfig(uri=url))
        assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    "parts",
    [
        [part(data) for data in JPEGS],
        [*(part(data, length=None) for data in JPEGS), b"--frame--\r\n"],
        [part(data, length=None).removesuffix(b"\r\n") for data in JPEGS] + [b"--frame--\r\n"],
        [part(data, boundary=b"--other; really") for data in JPEGS],
        [part(data, boundary=b"frame") for data in JPEGS],
        [b"\r\n", *(part(data) for data in JPEGS), b"--frame--\r\n"],
        [part(data).replace(b"\r\n", b"\n", 4) for data in JPEGS],
        [part(data).replace(b"Content-Length", b"content-length") for data in JPEGS],
        [b"".join(map(part, JPEGS))],
        [bytes([byte]) for byte in part(JPEGS[0])] + [part(data) for data in JPEGS[1:]],
    ],
)
def test_the_dialects_of_cameras(parts: list[bytes]) -> None:
    with http_server(sending(parts)) as address:
        assert numbers_until_the_end(opened(address)) == list(range(6))


@pytest.mark.parametrize(
    "damaged",
    [
        part(CUT),
        part(CUT, length=None),
        part(CUT + b"\xff\xd9"),
        part(CUT[:-100] + JPEGS[2][-150:]),
        part(JPEGS[2], length=len(CUT)),
        part(b"no picture"),
        part(b""),
    ],
)
def test_a_damaged_picture_is_passed_over_and_never_given(damaged: bytes) -> None:
    parts = [part(data) for data in JPEGS]
    parts[2] = damaged
    with http_server(sending(parts)) as address:
        assert numbers_until_the_end(opened(address)) == [0, 1, 3, 4, 5]


def test_a_length_beyond_the_picture_costs_the_next_one_and_no_more() -> None:
    parts = [part(data) for data in JPEGS]
    parts[2] = part(CUT, length=len(JPEGS[2]))
    with http_server(sending(parts)) as address:
        assert numbers_until_the_end(opened(address)) == [0, 1, 4, 5]


def test_only_damaged_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_START_S", 0.5)

    def answer(request: Handler) -> None:
        sending([])(request)
        while True:
            request.wfile.write(part(CUT))
            time.sleep(0.02)

    with http_server(answer) as address:
        source = opened(address)
        with pytest.raises(
            CameraUnavailable, match=r"only damaged pictures .*libjpeg: .*premature end"
        ):
            source.read()
        source.close()


def test_pictures_of_another_size_are_given_as_they_are() -> None:
    wide = np.repeat(numbered(7), 2, axis=1)
    sent = [numbered(1), wide, numbered(2)]
    with http_server(sending([part(jpeg(pixels)) for pixels in sent])) as address:
        source = opened(address)
        for pixels in sent:
            frame = source.read()
            assert frame is not None
            expected = cv2.imdecode(np.frombuffer(jpeg(pixels), np.uint8), cv2.IMREAD_COLOR)
            np.testing.assert_array_equal(frame.pixels, expected)
        source.close()


@pytest.mark.parametrize("trickle", [False, True])
def test_one_that_stalls_is_an_error_in_time(
    mjpeg_server: Callable[..., MjpegServer], monkeypatch: pytest.MonkeyPatch, trickle: bool
) -> None:
    monkeypatch.setattr(mjpeg, "READ_TIMEOUT_S", 0.5)

    def answer(request: Handler) -> None:
        sending([part(JPEGS[0]), part(JPEGS[1])[:200]])(request)
        for _ in range(100):
            time.sleep(0.2)
            if trickle:  # each byte alone comes in time
                request.wfile.write(b"x")

    with http_server(answer) as address:
        source = opened(address)
        assert source.read() is not None
        start = time.monotonic()
        with pytest.raises(CameraUnavailable, match="nothing for"):
            source.read()
        assert time.monotonic() - start < 8
        source.close()


def test_one_that_accepts_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "OPEN_TIMEOUT_S", 0.5)
    with (
        http_server(lambda _: time.sleep(5)) as address,
        pytest.raises(CameraUnavailable, match="nothing for"),
    ):
        opened(address)


# Who may look


def basic(header: str) -> bool:
    return header == "Basic " + base64.b64encode(b"me:pass/w@rd").decode()


def digest(header: str) -> bool:
    told = dict(re.findall(r'(\w+)="?([^",]+)"?', header))
    if not header.startswith("Digest ") or told.get("username") != "me":
        return False

    def md5(*words: str) -> str:
        return hashlib.md5(":".join(words).encode(), usedforsecurity=False).hexdigest()

    secret, what = md5("me", "camera", "pass/w@rd"), md5("GET", "/stream")
    return str(told["response"]) == md5(secret, "n0nce", told["nc"], told["cnonce"], "auth", what)


@pytest.mark.parametrize(
    ("challenge", "is_right"),
    [
        ('Basic realm="camera"', basic),
        ('Digest realm="camera", nonce="n0nce", qop="auth", algorithm=MD5', digest),
    ],
)
def test_user_and_password_of_the_address(challenge: str, is_right: Callable[[str], bool]) -> None:
    def answer(request: Handler) -> None:
        if is_right(request.headers.get("Authorization", "")):
            return sending([part(JPEGS[3])])(request)
        request.send_response(401)
        request.send_header("WWW-Authenticate", challenge)
        request.end_headers()

    with http_server(answer) as address:
        assert numbers_until_the_end(opened(f"me:pass%2Fw%40rd@{address}")) == [3]
        for who, words in (("me:wr0ng@", "user or password is wrong"), ("", "give user and")):
            expected = rf"answers 401 .*{words}.* http://USER:PASSWORD@HOST/"
            with pytest.raises(CameraUnavailable, match=expected) as caught:
                opened(who + address)
            assert "wr0ng" not in str(caught.value)


def test_a_redirect_is_followed_and_carries_no_password() -> None:
    seen = []

    def second(request: Handler) -> None:
        seen.append(request.headers.get("Authorization"))
        sending([part(JPEGS[4])])(request)

    def first(request: Handler) -> None:
        if not basic(request.headers.get("Authorization", "")):
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
        else:
            request.send_response(302)
            request.send_header("Location", f"http://{elsewhere}/stream")
        request.end_headers()

    with http_server(second) as elsewhere, http_server(first) as address:
        assert numbers_until_the_end(opened(f"me:pass%2Fw%40rd@{address}")) == [4]
    assert seen == [None]


# What is none


def test_an_answer_that_says_no() -> None:
    with (
        http_server(lambda request: request.send_error(404)) as address,
        pytest.raises(CameraUnavailable, match=r"answers 404 .*check the path"),
    ):
        opened(address)


def test_a_single_picture_is_no_stream() -> None:
    with (
        http_server(sending([JPEGS[0]], kind="image/jpeg")) as address,
        pytest.raises(CameraUnavailable, match="single picture"),
    ):
        opened(address)


def test_a_video_over_http_goes_to_ffmpeg(video_file: Callable[..., Path]) -> None:
    data = video_file("a.avi", "MJPG", frames=12).read_bytes()
    with http_server(sending([data], kind="video/x-msvideo")) as address:
        source = opened(address)
        assert isinstance(source, StreamSource)
        frame = source.read()
        assert frame is not None and number_of(frame.pixels) < 3  # it drops what it probed
        source.close()


@pytest.mark.parametrize("uri", ["http://", "http://me:secret@", "http://me:secret@host:port/"])
def test_what_is_no_address(uri: str) -> None:
    with pytest.raises((UsageError, CameraUnavailable)) as caught:
        open_source(SourceConfig(uri=uri))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "tcp"])
def test_pictures_one_after_the_other_come_as_they_are_sent(scheme: str) -> None:
    """Also few of them, slowly: none waits for those that follow."""
    pictures = [jpeg(numbered(number)) for number in range(3)]
    stay = threading.Event()
    with contextlib.ExitStack() as stack:
        if scheme == "tcp":
            address = stack.enter_context(byte_server(b"".join(pictures), stay))
        else:

            def answer(request: Handler) -> None:
                sending(pictures, "video/x-motion-jpeg")(request)
                stay.wait(30)

            address = stack.enter_context(http_server(answer))
        source = open_source(SourceConfig(uri=f"{scheme}://{address}"))
        frames = [source.read() for _ in range(3)]
        assert [number_of(frame.pixels) for frame in frames if frame] == [0, 1, 2]
        stay.set()
        with pytest.raises(CameraUnavailable, match="ended after 3 frames"):
            source.read()
        source.close()


def test_an_address_of_tcp_may_have_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def connect(address: tuple[str, int], _: float) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    for zone in ("%25eth0", "%eth0"):
        with pytest.raises(CameraUnavailable):
            open_source(SourceConfig(uri=f"tcp://[fe80::1{zone}]:8888"))
    assert asked == [("fe80::1%eth0", 8888)] * 2


@pytest.mark.parametrize("before", [b"\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"in the middle"])
def test_who_joins_a_stream_in_the_middle_waits_for_the_next_picture(before: bytes) -> None:
    pictures = [jpeg(numbered(number)) for number in range(4)]
    if before == b"in the middle":
        before, pictures = pictures[0][len(pictures[0]) // 2 :], pictures[1:]
    first = 4 - len(pictures)
    stay = threading.Event()
    with byte_server(before + b"".join(pictures), stay) as address:
        source = open_source(SourceConfig(uri=f"tcp://{address}"))
        frames = [source.read() for _ in pictures]
        assert [number_of(frame.pixels) for frame in frames if frame] == [*range(first, 4)]
        stay.set()
        source.close()
