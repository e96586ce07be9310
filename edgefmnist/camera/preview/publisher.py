"""Makes what viewers are shown, once for all of them and only while somebody looks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from edgefmnist.camera.events import CameraEvent, State
from edgefmnist.camera.preview import messages, pictures
from edgefmnist.camera.preview.board import Board
from edgefmnist.camera.preview.machine import Watch
from edgefmnist.camera.preview.streams import Stream

VIEWERS = 8
"""Of pictures, and as many again of messages: a page takes one of each."""

_TICK_S = 0.1
_REPEAT_S = 1.0  # without news: a page thereby knows that the connection holds
_BOUNDARY = b"frame"


class Publisher:
    """Looks at the board ten times a second and feeds both streams.

    pictures: MJPEG. messages: server-sent events.
    """

    def __init__(self, board: Board, watch: Watch) -> None:
        """Show what is on `board`, and how this machine is."""
        self._board = board
        self._watch = watch
        self.pictures = Stream(
            f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}",
            limit=VIEWERS,
            opening=b"--" + _BOUNDARY + b"\r\n",
        )
        self._model = board.model
        opening = messages.opening(board, self._model)
        self.messages = Stream("text/event-stream", limit=VIEWERS, opening=opening)
        self._drawn: _Shown | None = None
        self._jpeg = b""
        self._told: _Shown | None = None

    async def run(self, stopped: Callable[[], bool]) -> None:
        """Feed the streams until `stopped`, then end them."""
        try:
            while not stopped():
                self._publish()
                await asyncio.sleep(_TICK_S)
        finally:
            self.pictures.end()
            self.messages.end()

    def _publish(self) -> None:
        event, health = self._board.event, self._board.health()
        now = _Shown(event, health.state)
        if event is not None and event.model != self._model:
            self._model = event.model
            self.messages.opening = messages.opening(self._board, self._model)
        # With nobody there the last part is taken away, so that who comes next is not shown it.
        if not self.pictures.viewers:
            self._drawn = None
            self.pictures.put(None)
        elif now.is_news_to(self._drawn):
            if self._drawn is None or not now.same_as(self._drawn):
                self._jpeg = pictures.draw(event, "" if health.live else health.state.value)
            self._drawn = now
            self.pictures.put(_part(self._jpeg))
        if not self.messages.viewers:
            self._told = None
            self.messages.put(None)
        elif now.is_news_to(self._told):
            self._told = now
            self.messages.put(messages.state(self._board, event, health, self._watch.now))


class _Shown:
    """What was shown, and when."""

    def __init__(self, event: CameraEvent | None, state: State) -> None:
        self._event = event
        self._state = state
        self._at_s = time.monotonic()

    def same_as(self, other: _Shown) -> bool:
        return self._event is other._event and self._state is other._state

    def is_news_to(self, last: _Shown | None) -> bool:
        return last is None or not self.same_as(last) or self._at_s - last._at_s >= _REPEAT_S


def _part(jpeg: bytes) -> bytes:
    """One picture of the stream.

    The boundary stands after it and not before, because browsers show a part when its end is seen.
    """
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
    return head + jpeg + b"\r\n--" + _BOUNDARY + b"\r\n"
