"""Responses without an end: each viewer is given the newest part, and nothing waits in line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

RETRY_S = 5
"""When a viewer who was sent away may ask again."""


class Stream:
    """An endless response for several viewers at once; an ASGI application.

    A viewer who is slow misses the parts that came meanwhile: what waits for it is what its
    connection already took, which `listener` and the server keep small.
    """

    def __init__(self, media_type: str, *, limit: int, opening: bytes) -> None:
        """limit: viewers at once; more are sent away.

        opening: what each is given first, and again before the next part where it is replaced.
        """
        self.viewers = 0
        self._media_type = media_type
        self._limit = limit
        self.opening = opening
        self._ended = False
        self._number = 0
        self._part: bytes | None = None
        self._changed = asyncio.Event()

    def put(self, part: bytes | None) -> None:
        """Give every viewer `part` next; None: nothing is there for one who comes now."""
        self._number += 1
        self._part = part
        # A new Event for the next part: no viewer can miss that this one was set.
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def end(self) -> None:
        """End every viewer's response."""
        self._ended = True
        self._changed.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one viewer."""
        response: Response
        if self._ended or self.viewers >= self._limit:
            response = PlainTextResponse(
                f"as many viewers as are served at once ({self._limit}); try again soon\n",
                status_code=503,
                headers={"Retry-After": str(RETRY_S)},
            )
            return await response(scope, receive, send)
        if scope["method"] == "HEAD":
            return await Response(media_type=self._media_type)(scope, receive, send)
        with self._seat():
            response = StreamingResponse(self._parts(), media_type=self._media_type)
            await response(scope, receive, send)

    @contextlib.contextmanager
    def _seat(self) -> Iterator[None]:
        self.viewers += 1
        try:
            yield
        finally:
            self.viewers -= 1

    async def _parts(self) -> AsyncIterator[bytes]:
        opening = self.opening
        yield opening
        given = -1
        while not self._ended:
            if self._part is None or self._number == given:
                await self._changed.wait()
                continue
            given, part = self._number, self._part
            if self.opening is not opening:
                opening = self.opening
                yield opening
            yield part
