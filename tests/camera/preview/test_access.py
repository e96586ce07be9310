"""Who is let in: the token, the Host header, and what browsers are told to refuse."""

from __future__ import annotations

import functools
import re
import urllib.parse

import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.preview import Preview, open_preview
from edgefmnist.camera.preview.guard import OPEN_PATHS
from edgefmnist.camera.preview.tokens import VARIABLE, Token
from edgefmnist.errors import UsageError
from edgefmnist.records import ModelInUse
from tests.camera.preview.conftest import OpenPreview, ask, event, post, start_request, status

SECRET = "correct-horse/battery+staple="
quote = functools.partial(urllib.parse.quote, safe="")
PATHS = ("/", "/page.css", "/page.js", "/icon.svg", "/stream.mjpg", "/events", "/metrics")
CLOSED = [path for path in PATHS if path not in OPEN_PATHS]


@pytest.fixture
def locked(opened: OpenPreview) -> Preview:
    """On loopback, with the user's own token."""
    preview = opened(token=SECRET)
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    return preview


def test_on_loopback_no_token_is_asked_for(asked: Preview) -> None:
    assert "token" not in asked.url
    for path in ("/", "/page.css", "/page.js", "/icon.svg", "/metrics", "/healthz"):
        assert ask(asked, path).status == 200, path


def test_any_other_address_makes_a_token_and_asks_for_it(opened: OpenPreview) -> None:
    preview = opened("0.0.0.0:0")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(preview.url).query)["token"][0]
    assert len(token) >= 20 and opened("0.0.0.0:0").url.split("=")[1] != token
    for path in CLOSED:
        assert ask(preview, path).status == 401, path
        assert ask(preview, path, Authorization="Bearer wrong").status == 401, path
        assert ask(preview, path, Cookie="edgefmnist_preview_0=x").status == 401, path
    assert ask(preview, "/metrics", Authorization=f"Bearer {token}").status == 200
    # The name it is asked for by says nothing any more: it is reached by many.
    assert ask(preview, "/metrics", Host="pi.local", Authorization=f"bearer {token}").status == 200


def test_the_users_token_holds_on_loopback_too_and_is_not_printed(locked: Preview) -> None:
    assert "token" not in locked.url and SECRET not in locked.url
    for path in CLOSED:
        answer = ask(locked, path)
        assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer")
    for path in sorted(OPEN_PATHS):
        assert ask(locked, path).status == 200, path


def test_a_page_changes_the_token_for_a_cookie_that_opens_everything(locked: Preview) -> None:
    answer = ask(locked, f"/?token={quote(SECRET)}")
    assert answer.status == 303 and answer.headers["location"] == "./"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert SECRET not in urllib.parse.unquote(cookie)
    pair = cookie.partition(";")[0]
    for path in ("/", "/page.js", "/metrics"):
        assert ask(locked, path, Cookie=pair).status == 200, path
    for path in ("/stream.mjpg", "/events"):
        assert start_request(locked, path, Cookie=pair).status == 200, path
    assert ask(locked, "/", Cookie=f"{pair}x").status == 401
    # Who holds it already loses the token in the address too, be it of today or of yesterday.
    assert ask(locked, "/?token=yesterdays", Cookie=pair).status == 303


def test_the_page_to_label_does_so_too(locked: Preview) -> None:
    answer = ask(locked, f"/label?token={quote(SECRET)}")
    assert answer.status == 303 and answer.headers["location"] == "label"
    assert "HttpOnly" in answer.headers["set-cookie"]
    asked = ask(locked, "/label?token=wrong", Accept="text/html")
    assert asked.status == 401 and 'action="label" method="post"' in asked.body
    typed = post(locked, f"token={quote(SECRET)}", "/label")
    assert typed.status == 303 and typed.headers["location"] == "label"


def test_the_form_posts_the_token_and_gets_the_cookie(locked: Preview) -> None:
    page = ask(locked, "/", Accept="text/html")
    assert page.status == 401 and 'method="post"' in page.body
    answer = post(locked, f"token={quote(SECRET)}")
    assert answer.status == 303 and answer.headers["location"] == "./"
    pair = answer.headers["set-cookie"].partition(";")[0]
    assert ask(locked, "/", Cookie=pair).status == 200
    assert post(locked, f"token=+{quote(SECRET)}%0D%0A").status == 303  # as it was copied


@pytest.mark.parametrize(
    "body",
    [
        *("", "token=", "token=wrong", f"token={SECRET[:-1]}", f"Token={SECRET}", "token", "&&=&"),
        *(f"x={quote(SECRET)}", f"token={quote(SECRET)}&token=wrong", "%ff%fe=%00", "\x00\xff"),
        f"x={'a' * 4096}&token={quote(SECRET)}",
        f'{{"token": "{SECRET}"}}',
    ],
)
def test_a_form_without_the_token_is_refused(locked: Preview, body: str) -> None:
    answer = post(locked, body, Accept="text/html")
    assert answer.status == 401 and "not the right one" in answer.body
    assert "set-cookie" not in answer.headers


def test_only_the_page_takes_the_form(locked: Preview) -> None:
    for path in ("/metrics", "/events", "/stream.mjpg", "/page.js"):
        assert post(locked, f"token={quote(SECRET)}", path).status == 401, path
    assert post(locked, f"token={quote(SECRET)}", "/healthz").status == 405


def test_programs_that_keep_no_cookie_put_the_token_into_the_address(locked: Preview) -> None:
    given = quote(SECRET)
    assert start_request(locked, f"/stream.mjpg?token={given}").status == 200
    assert ask(locked, "/stream.mjpg?token=wrong").status == 401


@pytest.mark.parametrize("given", ["", "é", "%00", "%ff%fe", "x" * 5000, SECRET[:-1], f"{SECRET}x"])
def test_what_is_not_the_token_is_refused_whatever_it_is(locked: Preview, given: str) -> None:
    quoted = given if given.startswith("%") else quote(given)
    assert ask(locked, f"/?token={quoted}").status == 401
    if given.isascii() and "%" not in given:
        assert ask(locked, "/", Authorization=f"Bearer {given}").status == 401
        assert ask(locked, "/", Cookie=f"edgefmnist_preview_1={given}").status == 401


def test_a_browser_is_asked_for_the_token(locked: Preview) -> None:
    answer = ask(locked, "/?token=wrong<script>", Accept="text/html,*/*")
    assert answer.status == 401 and "<form" in answer.body and "not the right one" in answer.body
    assert "<script" not in answer.body
    assert "<form" not in ask(locked, "/").body


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefmnist.camera.preview import tokens

    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, own: bytes) -> bool:
        compared.append((given, own))
        return given == own

    monkeypatch.setattr(tokens.hmac, "compare_digest", compare)
    token = Token(text=SECRET, generated=False)
    assert token.is_text(SECRET) and not token.is_text("é\udcff")
    assert token.is_cookie(token.cookie) and not token.is_cookie("")
    assert len(compared) == 4 and all(isinstance(own, bytes) for _, own in compared)


@pytest.mark.parametrize("token", ["short", "fifteen-letters", "has a blank in it!", "ä" * 20])
def test_a_token_that_is_too_easy_or_cannot_be_sent_is_refused(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(VARIABLE, token)
    with pytest.raises(UsageError, match="python3 -c") as refused:
        open_preview("127.0.0.1:0", source="demo", model=ModelInUse(name="edge"))
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        *(("localhost:8080", 200), ("LOCALHOST", 200), ("127.0.0.1", 200), ("127.9.9.9:1", 200)),
        *(("[::1]:8080", 200), ("pi.localhost", 200)),
        *(("evil.example", 403), ("127.0.0.1.evil.example", 403), ("192.0.2.7:8080", 403)),
        *(("localhost.evil.example", 403), ("[::1", 403), ("evil.example#127.0.0.1", 403)),
        *(("evil.example?127.0.0.1", 403), ("", 403), ("0.0.0.0", 403)),
        *(("evil.example@127.0.0.1", 403), ("127.0.0.1@evil.example", 403)),
        *(("127.0.0.1/evil.example", 403), ("127.0.0.1:80:80", 403), ("127.0.0.1\tx", 403)),
    ],
)
def test_on_loopback_a_foreign_name_is_refused(asked: Preview, host: str, code: int) -> None:
    """DNS rebinding: a web page's own name is made to point at this machine."""
    for path in ("/", "/metrics", "/healthz"):
        assert ask(asked, path, Host=host).status == code
    assert ask(asked, "/events", Host=host, method="HEAD").status == code


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/nowhere"])
def test_every_answer_keeps_browsers_in_bounds(asked: Preview, path: str) -> None:
    method = "HEAD" if path in ("/stream.mjpg", "/events") else "GET"
    answer = ask(asked, path, method=method)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "http" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in answer.headers and "set-cookie" not in answer.headers


def test_the_page_loads_nothing_from_elsewhere_and_has_no_script_in_it(asked: Preview) -> None:
    page = ask(asked, "/").body
    assert "<script src=" in page and "style=" not in page and "onclick" not in page
    for path in ("/", "/page.css", "/page.js"):
        assert not re.findall(r"https?://|[\"'(]//|@import", ask(asked, path).body), path
