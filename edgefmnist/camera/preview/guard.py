"""Who may look: the token, the name the page is asked for by, and what browsers are told."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgefmnist.camera.preview import login
from edgefmnist.camera.preview.attempts import Attempts
from edgefmnist.camera.preview.tokens import Token

OPEN_PATHS = frozenset({"/healthz", "/page.css", "/icon.svg"})
"""Need no token: whether the camera is live, which a monitor may ask without holding the key to
its pictures, and what the page that asks for the token is made of."""

_COOKIE_S = 30 * 24 * 3600
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z.-]+))(?::[0-9]*)?")
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


class Guard:
    """Lets through who may look; an ASGI middleware.

    With a token, who has it: in a cookie, as ``Authorization: Bearer``, as ``?token=`` or posted by
    the form of `login`. The page changes the last two for the cookie at once, so that the token
    stands in no address bar.

    Without one the page is on a loopback address, and any web page in a browser on this machine
    could still read it by a name of its own that is made to point here (DNS rebinding). So the
    name it is asked for by must be a loopback one.

    What needs no token is decided by the scope's path, which is what the routes go by too.
    `Request.url` must not come into it: it is made of the Host header.
    """

    def __init__(self, app: ASGIApp, token: Token | None, port: int) -> None:
        """Guard `app`. port: keeps apart the cookies of several previews on one machine."""
        self._app = app
        self._token = token
        self._cookie = f"edgefmnist_preview_{port}"
        self._attempts = Attempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        if scope["type"] != "http":  # nothing here speaks anything else
            return
        request = Request(scope, receive)
        if self._token is None:
            answer = _for_loopback(request)
        elif scope["path"] in OPEN_PATHS:
            answer = None
        else:
            answer = await self._for_holders(request, self._token)
        await (answer or self._app)(scope, receive, _with_headers(send))

    async def _for_holders(self, request: Request, token: Token) -> Response | None:
        """None: let through."""
        page = login.PAGES.get(request.scope["path"])
        if page and request.method == "POST":
            given: str | None = await login.posted_token(request)
        else:
            given = request.query_params.get("token")
        if not token.is_cookie(request.cookies.get(self._cookie, "")):
            refusal = self._refusal(request, token, given)
            if refusal is not None:
                return refusal
        return self._welcome(token, page) if page and given is not None else None

    def _refusal(self, request: Request, token: Token, given: str | None) -> Response | None:
        """None: `given` or the Authorization header has the token."""
        guesses = [guess for guess in (given, _bearer(request)) if guess]
        address = request.client.host if request.client else ""
        wait_s = self._attempts.wait_s(address) if guesses else 0
        if wait_s:
            return login.ask_later(request, wait_s)
        if any(map(token.is_text, guesses)):
            return None
        for guess in guesses:
            self._attempts.failed(address, guess)
        return login.ask(request, wrong=given is not None)

    def _welcome(self, token: Token, page: str) -> Response:
        answer = RedirectResponse(page, status_code=303)
        # Lax and not strict: who comes by a link in a chat or a dashboard holds the key too, and
        # what other sites embed or post still gets no cookie. What changes something looks itself
        # where it comes from: `label_writing`.
        answer.set_cookie(
            self._cookie, token.cookie, max_age=_COOKIE_S, httponly=True, samesite="lax"
        )
        return answer


def _bearer(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _for_loopback(request: Request) -> Response | None:
    """None: let through."""
    if _is_loopback(request.headers.get("host", "")):
        return None
    return PlainTextResponse(
        "this page is for its own machine: open it as http://127.0.0.1, or set "
        "EDGEFMNIST_PREVIEW_TOKEN to reach it by another name\n",
        status_code=403,
    )


def _is_loopback(host: str) -> bool:
    """Whether a Host header names this machine by an address or name that only it can mean."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found["v6"] or found["name"]).lower()
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
