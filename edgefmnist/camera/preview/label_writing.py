"""Requests that change something: only from our own page, and from programs that mean it.

The cookie alone says nothing of who wrote a request: a browser adds it to whatever a page of the
same site asks for, and without a token there is no cookie at all. So a request must carry a header
that no page elsewhere can set without asking first (which nothing here answers), its body must be
JSON, and where the browser says which page it comes from, that must be ours.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edgefmnist import json_text

HEADER, VALUE = "X-Edgefmnist", "label"
"""Set by our page's script, and by programs: ``curl -H 'X-Edgefmnist: label'``."""

_MOST_BODY_BYTES = 64 * 1024


class Refused(Exception):
    """A request that is not what it should be. status: of the answer; its text is for people."""

    def __init__(self, status: int, text: str) -> None:
        """See above."""
        super().__init__(text)
        self.status = status

    def answer(self) -> Response:
        """The answer to the request."""
        return JSONResponse({"error": str(self)}, status_code=self.status)


async def read(request: Request) -> dict[str, Any]:
    """The object in the body of a request, once it is clear that it may change something.

    Raises: Refused.
    """
    if not _is_ours(request):
        raise Refused(403, f"not from this page: programs send the header {HEADER}: {VALUE}")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused(415, "want Content-Type: application/json")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY_BYTES:
            raise Refused(413, f"more than {_MOST_BODY_BYTES:,} bytes")
    try:
        told = json_text.loads(body)
    except ValueError as error:
        raise Refused(400, f"the body is no JSON: {error}") from error
    if not isinstance(told, dict):
        raise Refused(400, "the body is no JSON object")
    return told


def _is_ours(request: Request) -> bool:
    headers = request.headers
    return (
        headers.getlist(HEADER) == [VALUE]
        and all(site == "same-origin" for site in headers.getlist("sec-fetch-site"))
        and all(_is_host(one, headers.get("host", "")) for one in headers.getlist("origin"))
    )


def _is_host(origin: str, host: str) -> bool:
    """Whether an Origin header names the host that was asked; ``null`` never does."""
    try:
        found = urlsplit(origin)
    except ValueError:
        return False
    return found.scheme in ("http", "https") and found.netloc.lower() == host.lower() != ""
