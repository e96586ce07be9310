"""The page that asks for the token, and what is read of its answer."""

from __future__ import annotations

import html
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

PAGES = {"/": "./", "/label": "label"}
"""What a person opens, and how it names itself: a proxy may put something before the paths."""

_MAX_FORM_BYTES = 4096
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
<form action="{page}" method="post"><input autocomplete="username" value="camera" hidden>
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Show the camera</button></form>
</div>
</html>
"""


async def posted_token(request: Request) -> str:
    """The token of the form in a request's body; empty where there is none, or too much else."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM_BYTES:
            return ""
    return dict(parse_qsl(body.decode("utf-8", "replace"))).get("token", "").strip()


def ask(request: Request, *, wrong: bool) -> Response:
    """Status 401: a form for a browser, a line for a program. wrong: a token was given."""
    why = (
        "This token is not the right one. The newest is in the address that edgefmnist prints "
        "when it starts, or was set in EDGEFMNIST_PREVIEW_TOKEN."
        if wrong
        else "Open the address that edgefmnist prints when it starts, or enter its token here."
    )
    return _answer(request, why, 401, {"WWW-Authenticate": 'Bearer realm="edgefmnist"'})


def ask_later(request: Request, wait_s: int) -> Response:
    """Status 429: too many tokens were tried."""
    why = f"Too many wrong tokens came from your address: wait {wait_s} s, then try again."
    return _answer(request, why, 429, {"Retry-After": str(wait_s)})


def _answer(request: Request, why: str, code: int, headers: dict[str, str]) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        page = PAGES.get(request.scope["path"], "./")
        form = _ASK.format(page=page, why=html.escape(why))
        return HTMLResponse(form, status_code=code, headers=headers)
    return PlainTextResponse(f"{why}\n", status_code=code, headers=headers)
