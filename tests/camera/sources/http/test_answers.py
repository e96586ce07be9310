"""Servers that redirect, compress, lie, or speak no HTTP at all: never the user's mistake."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources import mjpeg
from edgefmnist.camera.sources.http.address import parse
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.errors import CameraUnavailable, UsageError
from tests.camera.conftest import number_of, numbered
from tests.camera.sources.servers import Handler, free_port, http_server, jpeg, part, sending
from tests.camera.sources.test_mjpeg import numbers_until_the_end, opened

JPEG = jpeg(numbered(1))
MULTIPART = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n"


@contextlib.contextmanager
def raw_server(answer: Callable[[socket.socket], None] | bytes) -> Iterator[str]:
    """A server that says just these bytes; yields ``HOST:PORT``."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            connection.recv(8192)
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def flood(data: bytes, first: bytes = b"") -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(2000):
            connection.sendall(data)

    return answer


def drip(connection: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (redirect("ftp://127.0.0.1/x"), "leads to .*not an address"),
        (redirect("file:///etc/passwd"), "leads to .*not an address"),
        (redirect("data:image/jpeg;base64,AAAA"), "leads to .*not an address"),
        (redirect("http://[bad/"), "leads to .*not an address"),
        (redirect("http://host:port/"), "leads to .*not an address"),
        (redirect("http://me:secret@host:99999/?token=secret"), "leads to .*not an address"),
        (redirect("http:///"), "redirects"),
        (redirect("//"), "redirects|not an address"),
        (redirect(""), "redirects"),
        (redirect("/again"), "6 redirects"),
        (redirect("http://127.0.0.1:9/%0d%0aX: y", 308), "Connection refused"),
        (redirect("http://xn--\udce4/".encode("utf-8", "replace").decode()), "leads to|no video"),
        (b"HTTP/1.1 999 \x1b[31mred\x1b[0m\r\n\r\n", r"answers 999 \(\\x1b\[31mred"),
        (b"HTTP/1.1 503 \r\n\r\n", "answers 503: .*busy"),
        (b"HTTP/1.1 403 No\r\n\r\n", "answers 403"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "answers with text/html"),
        (MULTIPART + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b", r"compresses .*\(gzip\)"),
        (
            MULTIPART + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFFF\r\n--f\r\n",
            "video",
        ),
        (MULTIPART + b"Transfer-Encoding: chunked\r\n\r\nnumber\r\n--f\r\n", "video"),
        (MULTIPART + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n--f\r\n", "ended after 0|video"),
        (MULTIPART + b"\r\n--f\r\nContent-Length: 99999999999\r\n\r\n", "a part of 99999999999"),
        (MULTIPART + b"\r\n--f\r\nContent-Length: -5\r\n\r\nabc", "ended after 0"),
        (MULTIPART + b"\r\n--f\r\nContent-Length: \xb2\r\n\r\nabc", "ended after 0"),
        (b"", "no video|not a video"),
        (b"garbage\r\n" * 1000, "not a video"),
        (b"HTTP/1.1 abc\r\n\r\n", "not a video"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000, "not a video"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000, "not a video"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 5000, "no video|not a video|reset"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50, "not a video|no video"),
        (flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "no video|not a video"),
        (flood(b"X: a\r\n" * 100, MULTIPART + b"\r\n--f\r\n"), "over 100 headers"),
        (flood(b"a" * 65536, MULTIPART + b"\r\n--f\r\nX: "), "a line without end"),
        (flood(b"\0" * 65536, MULTIPART + b"\r\n--f\r\n\r\n"), "a part of over 16 MB"),
        (drip, "nothing for|no video"),
    ],
)
def test_what_a_server_sends_is_never_a_usage_error(
    answer: Callable[[socket.socket], None] | bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mjpeg, "OPEN_TIMEOUT_S", 2.0)
    monkeypatch.setattr(mjpeg, "READ_TIMEOUT_S", 2.0)
    with (
        raw_server(answer) as address,
        pytest.raises(CameraUnavailable, match=words) as caught,
    ):
        source = opened(address)
        try:
            source.read()
        finally:
            source.close()
    message = str(caught.value)
    assert message.isprintable() and "secret" not in message and len(message) < 500


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + MULTIPART + b"\r\n" + part(JPEG),
        b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + MULTIPART + b"\r\n" + part(JPEG),
        b"HTTP/1.0 200\r\nContent-Type: multipart/mixed\r\n\r\n\r\n\r\n" + part(JPEG),
        MULTIPART + b"Content-Encoding: identity\r\n\r\n" + part(JPEG),
        MULTIPART.replace(b"=frame", b'="--frame"') + b"\r\n" + part(JPEG),
        MULTIPART + b"\r\n" + part(JPEG).replace(b"image/jpeg", b"image/jpeg\0\0\r\n\0: \0"),
    ],
)
def test_odd_answers_that_are_right(data: bytes) -> None:
    with raw_server(data) as address:
        assert numbers_until_the_end(opened(address)) == [1]


def test_a_redirect_with_a_path_or_to_another_port_is_followed() -> None:
    with http_server(sending([part(JPEG)])) as there:
        for location in (f"http://{there}/a b?x=é", f"//{there}/", f"HTTP://{there}#x"):
            with raw_server(redirect(location)) as address:
                assert numbers_until_the_end(opened(address)) == [1]

    def relative(request: Handler) -> None:
        if request.path == "/live":
            return sending([part(JPEG)])(request)
        request.send_response(301)
        request.send_header("Location", "live")
        request.end_headers()

    with http_server(relative) as address:
        assert numbers_until_the_end(opened(address)) == [1]


@pytest.mark.parametrize("challenge", ["Basic", 'Digest realm="r", nonce="n", qop="auth"'])
def test_a_password_stays_with_its_server(challenge: str) -> None:
    seen: list[str | None] = []

    def second(request: Handler) -> None:
        seen.append(request.headers.get("Authorization"))
        request.send_response(401)
        request.send_header("WWW-Authenticate", challenge)
        request.end_headers()

    with (
        http_server(second) as there,
        raw_server(redirect(f"http://{there}/")) as address,
        pytest.raises(CameraUnavailable, match="not sent to another server") as caught,
    ):
        opened(f"me:secret@{address}")
    assert seen == [None] and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "http://",
        "http:///path",
        "http://host:port/",
        "http://host:0/",
        "http://host:99999/",
        "http://[::1",
        "http://me:se/cret@host/",
        "http://a b/",
        "http://\u2028/",
        "http://" + "a" * 300 + "é/",
    ],
)
def test_what_is_not_an_address_is_known_before_anything_is_connected(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(UsageError, match="is not an address") as caught:
        open_source(SourceConfig(uri=uri))
    assert "cret" not in str(caught.value)


def test_addresses_go_over_the_wire_as_they_must() -> None:
    found = parse("HTTP://me:p%40ss@Bücher.example:81/ä b%20c?x=ü&token=secret#part")
    assert (found.host, found.port) == ("xn--bcher-kva.example", 81)
    assert found.target == "/%C3%A4%20b%20c?x=%C3%BC&token=secret"
    assert (found.user, found.password) == ("me", "p@ss")
    assert str(found) == "http://xn--bcher-kva.example:81/%C3%A4%20b%20c?..."
    assert parse("https://[fe80::1]:443/").host_header == "[fe80::1]"


@pytest.mark.parametrize("uri", ["http://[fe80::1%25eth0]:81/a", "http://[fe80::1%eth0]:81/a"])
def test_a_zone_is_for_this_machine(uri: str) -> None:
    found = parse(uri)
    assert (found.host, found.host_header) == ("fe80::1%eth0", "[fe80::1]:81")
    assert str(found) == "http://[fe80::1%eth0]:81/a"


def test_a_redirect_to_nobody_names_whom() -> None:
    unused_port = free_port()

    def answer(request: Handler) -> None:
        request.send_response(302)
        request.send_header("Location", f"http://127.0.0.1:{unused_port}/there")
        request.end_headers()

    with http_server(answer) as address, pytest.raises(CameraUnavailable) as caught:
        opened(address)
    assert f":{unused_port}/there" in str(caught.value) and address not in str(caught.value)


def test_frame_after_odd_parts_is_still_read() -> None:
    parts = [part(JPEG), part(b"", length=0), b"--frame\r\n\r\n\r\n", part(JPEG)]
    with http_server(sending(parts)) as address:
        source = opened(address)
        numbers = [number_of(f.pixels) for f in (source.read(), source.read()) if f is not None]
        assert numbers == [1, 1]
        source.close()
