"""Nothing that a client says about itself or about where it is opens a path; on the wire."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview
from edgefmnist.camera.preview.attempts import BURST
from edgefmnist.camera.preview.guard import OPEN_PATHS, Guard
from edgefmnist.camera.preview.tokens import Token
from tests.camera.preview.conftest import OpenPreview, ask, connected, event, get, post, status

SECRET = "correct-horse/battery+staple="
CLOSED = ("/", "/page.js", "/stream.mjpg", "/events", "/metrics")
HOSTS = (
    *("x/healthz?", "x/healthz#", "x/page.css?", "127.0.0.1/healthz?", "[::1]/healthz?"),
    *("x:80/healthz?", "@/healthz?", "x/healthz\\", "localhost", "127.0.0.1", "", "/healthz?"),
    *("x/icon.svg?a=", "healthz", "x@y/healthz?", "x/%68ealthz?", "x/healthz;"),
)
CLAIMS = (
    *("X-Forwarded-For: 127.0.0.1", "X-Real-IP: ::1", "Forwarded: for=127.0.0.1;host=localhost"),
    *("X-Forwarded-Host: localhost/healthz?", "X-Forwarded-Prefix: /healthz"),
    *("X-Original-URL: /healthz", "X-Rewrite-URL: /healthz", "X-Script-Name: /healthz"),
    *("X-HTTP-Method-Override: HEAD", "Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin"),
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n"
    "Sec-WebSocket-Version: 13",
)


@pytest.fixture
def locked(opened: OpenPreview) -> Preview:
    preview = opened(token=SECRET)
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    return preview


def on_the_wire(preview: Preview, words: str) -> int:
    """The status of the answer to exactly these bytes."""
    with connected(preview, words.encode("latin-1")) as client:
        told = client.recv(64)
    return int(told.split()[1])


@pytest.mark.parametrize("path", CLOSED)
def test_no_host_opens_a_path(locked: Preview, path: str) -> None:
    for host in HOSTS:
        code = on_the_wire(locked, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert code in (400, 401), host


@pytest.mark.parametrize("path", CLOSED)
def test_no_claim_and_no_way_of_writing_opens_a_path(locked: Preview, path: str) -> None:
    for claim in CLAIMS:
        code = on_the_wire(locked, f"GET {path} HTTP/1.1\r\nHost: x\r\n{claim}\r\n\r\n")
        assert code == 401, claim
    for target in (
        *(f"http://x/healthz{path}", f"http://healthz{path}", f"http://x{path}", f"/{path}"),
        *(
            f"/healthz/..{path}",
            f"/healthz/%2e%2e{path}",
            f"/healthz%2f..{path}",
            f"{path}?/healthz",
        ),
        *(f"{path}#/healthz", f"{path};/healthz", f"{path}%00/healthz", f"{path}%0a", f"//x{path}"),
        *(f"/healthz;{path}", f"/page.css/..{path}", f"/healthz%3f{path}", f"*{path}", f"@x{path}"),
        *(path.replace("e", "%65"), path.upper(), f"{path}/", f"{path}/.", f"\\{path}"),
    ):
        code = on_the_wire(locked, f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
        assert code in (400, 401), target
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT", "get", "BREW"):
        code = on_the_wire(locked, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n")
        assert code == 401, method


@pytest.mark.parametrize("host", HOSTS)
def test_what_needs_no_token_needs_no_right_host_either(locked: Preview, host: str) -> None:
    if host != "x/healthz\\":  # refused by the parser before anybody asks who may look
        code = on_the_wire(locked, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")
        assert code == 200


def test_no_redirect_leads_to_the_host_of_a_request(locked: Preview) -> None:
    bearer = {"Authorization": f"Bearer {SECRET}", "Host": "evil.example"}
    for path in ("/metrics/", "/healthz/", "/events/", "//evil.example/"):
        answer = ask(locked, path, **bearer)
        assert answer.status == 404 and "location" not in answer.headers, path


def let_through(**scope: Any) -> bool:
    """Whether a guard with a token asks the application behind it."""
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    guard = Guard(app, Token(text=SECRET, generated=False), 8080)
    whole = {"type": "http", "method": "GET", "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(guard(whole | scope, receive, send))
    return bool(asked)


def test_the_guard_goes_by_the_path_that_the_routes_go_by() -> None:
    for path in OPEN_PATHS:
        assert let_through(path=path)
        assert let_through(path=path, headers=[(b"host", b"x/metrics?")])
        assert not let_through(path=path, type="websocket")
        for other in (f"/mounted{path}", f"{path}/", f"{path}\n", f" {path}", path[1:], f"/{path}"):
            assert not let_through(path=other), other
            assert not let_through(path=other, root_path="/mounted"), other
    for path in CLOSED:
        assert not let_through(path=path, raw_path=b"/healthz")
        assert not let_through(path=path, root_path="/healthz")
        assert not let_through(path=path, server=("x/healthz?", None))


def test_a_peer_may_guess_only_so_often_and_the_others_as_before(locked: Preview) -> None:
    for number in range(BURST // 2):
        assert ask(locked, f"/?token=guess-{number}").status == 401
        assert ask(locked, "/metrics", Authorization=f"Bearer bearer-{number}").status == 401
    refused = ask(locked, "/?token=one-more", Accept="text/html")
    assert refused.status == 429 and int(refused.headers["retry-after"]) > 0
    assert "<form" in refused.body
    # It knows nothing now, whatever it tries and with which header.
    assert ask(locked, "/metrics", Authorization=f"Bearer {SECRET}").status == 429
    assert ask(locked, "/?token=x", X_Forwarded_For="192.0.2.7").status == 429
    assert post(locked, "token=one-more").status == 429
    # What needs no token, and who asks without one, meets no limit.
    assert ask(locked, "/healthz").status == 200 and ask(locked, "/").status == 401
    # Neither does another peer, nor who holds the cookie.
    with connected(locked, get(f"/?token={SECRET}".replace("+", "%2b")), "127.0.0.2") as other:
        told = other.recv(4096).decode()
    assert " 303 " in told.partition("\r\n")[0]
    cookie = told.partition("set-cookie: ")[2].partition(";")[0]
    assert ask(locked, "/metrics", Cookie=cookie).status == 200


def test_the_token_of_yesterday_asked_again_and_again_keeps_nobody_out(locked: Preview) -> None:
    for _ in range(2 * BURST):
        assert ask(locked, "/stream.mjpg?token=yesterdays-token").status == 401
    assert ask(locked, "/metrics", Authorization=f"Bearer {SECRET}").status == 200
