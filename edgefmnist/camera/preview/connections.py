"""One connection, and how many of them wait for their request at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgefmnist.camera.preview.peers import peer_of
from edgefmnist.camera.preview.streams import RETRY_S

MAX_WAITING = 48
"""Connections without a whole request: each takes a file descriptor from the camera. Those with one
are bounded by the places of the two streams; all else is answered at once."""

_REQUEST_S = 5.0  # from connecting to the end of the request
_PATIENCE_S = 10.0  # with one that does not take what it asked for

_TOO_SLOW = "408 Request Timeout", "the request took too long\n"
_FULL = "503 Service Unavailable", "too many connections wait for a request; try again soon\n"


class WaitingRoom:
    """The connections whose request is not there yet, the oldest first.

    Who connects always finds a place, because the one that leaves for it is the oldest of the peer
    that holds most of them: a peer with a thousand silent connections sends away its own. So a
    browser, or a monitor that asks for ``/healthz``, gets its answer next to any of them.
    """

    def __init__(self) -> None:
        self._waiting: dict[Connection, str] = {}  # with their peers

    def enter(self, connection: Connection, address: str) -> None:
        """Let one wait, and send one away where that is too many."""
        self._waiting[connection] = peer_of(address)
        if len(self._waiting) <= MAX_WAITING:
            return
        held = Counter(self._waiting.values())
        most = max(held.values())
        oldest = next(one for one, peer in self._waiting.items() if held[peer] == most)
        self.leave(oldest)
        oldest.send_away(*_FULL)

    def leave(self, connection: Connection) -> None:
        """It has sent its request, or is gone."""
        self._waiting.pop(connection, None)


class Connection(H11Protocol):
    """One connection, which must not outlive its use: uvicorn by itself waits without end."""

    def __init__(self, *args: Any, room: WaitingRoom, **named: Any) -> None:
        """As `H11Protocol`. room: of all connections of a server."""
        super().__init__(*args, **named)
        self._room = room
        self._begun = self._asked = False
        self._impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._be_patient_for(_REQUEST_S)
        self._room.enter(self, self.client[0] if self.client else "")

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._begun = True
        super().data_received(data)
        # Not before the end of its body: a request can be sent slowly there too.
        if not self._asked and self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._asked = True
            self._room.leave(self)
            if not self.flow.write_paused:
                self._be_content()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._be_patient_for(_PATIENCE_S)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._asked:
            self._be_content()

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.leave(self)
        self._be_content()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End of the server: who does not take the rest of its response is cut off."""
        super().shutdown()
        self.loop.call_later(0.3, self.transport.abort)

    def send_away(self, status: str, why: str) -> None:
        """End it, with an answer to who has begun to ask and was not answered yet."""
        if self.cycle is not None:
            self.transport.abort()
            return
        # Browsers connect ahead of need. One of these that is closed is passed over; an answer in
        # it would be taken for that to the next request.
        if self._begun:
            self.transport.write(
                f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(why)}\r\nRetry-After: {RETRY_S}\r\nConnection: close\r\n\r\n"
                f"{why}".encode()
            )
        self.transport.close()

    def _be_patient_for(self, seconds: float) -> None:
        self._be_content()
        self._impatience = self.loop.call_later(seconds, self.send_away, *_TOO_SLOW)

    def _be_content(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None
