"""Who may look: the token, the name the page is asked for by, and what browsers are told."""

from __future__ import annotations

import html
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgefmnist.camera.preview.tokens import Token

OPEN_PATHS = frozenset({"/healthz", "/page.css", "/icon.svg"})
"""Need no token: whether the camera is live, which a monitor may ask without holding the key to
its pictures, and what the page that asks for the token is made of."""

_COOKIE_S = 30 * 24 * 3600
_HEADERS = {
    "Cache-Control": "no-store",
    # One request a connection: who has sent its request and got its answer is done.
    "Connection": "close",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ASK = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edgefmnist camera</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="icon.svg">
<div class="ask" role="main">
<h1>edgefmnist camera</h1>
<p>{why}</p>
<form action="./"><input autocomplete="username" value="camera" hidden>
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Show the camera</button></form>
</div>
</html>
"""


class Guard:
    """Lets through who may look; an ASGI middleware.

    With a token, who has it: in a cookie, as ``Authorization: Bearer``, or as ``?token=``, which a
    page changes for the cookie at once so that it stands in no address bar.

    Without one the page is on a loopback address, and any web page in a browser on this machine
    could still read it by a name of its own that is made to point here (DNS rebinding). So the
    name it is asked for by must be a loopback one.
    """

    def __init__(self, app: ASGIApp, token: Token | None, port: int) -> None:
        """Guard `app`. port: keeps apart the cookies of several previews on one machine."""
        self._app = app
        self._token = token
        self._cookie = f"edgefmnist_preview_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        answer = self._answer(Request(scope))
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _answer(self, request: Request) -> Response | None:
        if self._token is None:
            if _is_loopback(request.headers.get("host", "")):
                return None
            return PlainTextResponse(
                "this page is for its own machine: open it as http://127.0.0.1, or set "
                "EDGEFMNIST_PREVIEW_TOKEN to reach it by another name\n",
                status_code=403,
            )
        given = request.query_params.get("token")
        if given is not None and self._token.is_text(given):
            return self._welcome(self._token) if request.url.path == "/" else None
        if request.url.path in OPEN_PATHS or self._holds_key(request, self._token):
            return None
        return _refusal(request, wrong=given is not None)

    def _welcome(self, token: Token) -> Response:
        answer = RedirectResponse("./", status_code=303)
        answer.set_cookie(
            self._cookie, token.cookie, max_age=_COOKIE_S, httponly=True, samesite="strict"
        )
        return answer

    def _holds_key(self, request: Request, token: Token) -> bool:
        if token.is_cookie(request.cookies.get(self._cookie, "")):
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and token.is_text(given.strip())


def _refusal(request: Request, *, wrong: bool) -> Response:
    why = (
        "This token is not the right one. The newest is in the address that edgefmnist prints "
        "when it starts, or was set in EDGEFMNIST_PREVIEW_TOKEN."
        if wrong
        else "Open the address that edgefmnist prints when it starts, or enter its token here."
    )
    headers = {"WWW-Authenticate": 'Bearer realm="edgefmnist"'}
    if "text/html" in request.headers.get("accept", ""):
        page = _ASK.format(why=html.escape(why))
        return HTMLResponse(page, status_code=401, headers=headers)
    return PlainTextResponse(f"{why}\n", status_code=401, headers=headers)


def _is_loopback(host: str) -> bool:
    """Whether a Host header names this machine by an address or name that only it can mean."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):  # reserved for loopback: RFC 6761
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sending
