"""``--preview``: a page with the live picture and what the model makes of it.

The loop's thread leaves its newest event on a `board.Board` and goes on. All else happens in one
thread with the server: `publisher` looks at the board ten times a second and makes one picture and
one message for all viewers, `streams` gives each viewer the newest of them, `guard` decides who may
look and `login` asks for the token, `connections` keeps silent ones from the places of others,
`metrics` speaks to Prometheus, `listener` turns HOST:PORT into a socket. With ``--adapt`` there is
a second page: `label_requests` answers it, `label_pictures` draws for it, and `label_writing` keeps
pages of other sites from changing anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgefmnist.camera.events import CameraEvent, Status
from edgefmnist.camera.preview.board import Board
from edgefmnist.camera.preview.listener import Listener, listen, parse
from edgefmnist.camera.preview.tokens import Token, choose_token
from edgefmnist.errors import MissingDependency
from edgefmnist.records import ModelInUse

if TYPE_CHECKING:
    from edgefmnist.camera.labelling import LabelPage

__all__ = ["Preview", "check_address", "open_preview"]

INSTALL = "pip install 'edgefmnist[web]'"


class Preview:
    """The page and its server; a `Sink`.

    url: where the page is. A token that was made for this run is in it; one that the user set in
    EDGEFMNIST_PREVIEW_TOKEN is not, because the url is printed and ends up in logs. note: what
    should be said of the url; may be empty.
    """

    name = "preview"

    def __init__(
        self,
        listener: Listener,
        token: Token | None,
        labelling: LabelPage | None = None,
        *,
        source: str,
        model: ModelInUse,
    ) -> None:
        """Serve on `listener`, which is closed with the server. Needs the `web` extra."""
        from edgefmnist.camera.preview.server import Server

        self.url, self.note = listener.url, listener.note
        if token is not None and token.generated:
            self.url += f"?token={token.text}"
        self._board = Board(source=source, model=model, labelling=labelling is not None)
        self._server = Server(listener, token, self._board, labelling)

    def on_event(self, event: CameraEvent) -> None:
        """Leave one event for the server. Raises: OSError where the server has ended."""
        self._board.put_event(event)
        self._server.check()

    def on_status(self, status: Status) -> None:
        """Leave how the camera is for the server. Raises: as `on_event`."""
        self._board.put_status(status)
        self._server.check()

    def close(self) -> None:
        """End the server within about two seconds, whoever is watching; may be called twice."""
        self._server.close()


def check_address(address: str) -> None:
    """Whether `address` can be one for `open_preview`, before anything is opened for it.

    Raises: UsageError.
    """
    parse(address)


def open_preview(
    address: str, labelling: LabelPage | None = None, *, source: str, model: ModelInUse
) -> Preview:
    """Serve the page at `address`, such as ``:8080``, ``0.0.0.0:8080`` or ``[::1]:0``.

    Without a host that is this machine alone; port 0 is any free one. Any address but a loopback
    one asks for a token: EDGEFMNIST_PREVIEW_TOKEN, else one made for this run. Where that variable
    is set, a loopback address asks for it too. source: its name, for people. model: the one in use
    at the start. labelling: with it there is a second page, on which kept frames are labelled.

    Raises: UsageError (address or token cannot be used), MissingDependency.
    """
    try:
        # Here and not above: a device without the extra runs everything else.
        import prometheus_client  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingDependency(
            f"--preview needs {error.name}, not installed: {INSTALL}"
        ) from error
    listener = listen(address)
    try:
        token = choose_token(needed=not listener.loopback)
        return Preview(listener, token, labelling, source=source, model=model)
    except BaseException:
        listener.socket.close()
        raise
