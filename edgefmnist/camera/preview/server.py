"""The web server, in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette

from edgefmnist.camera.labelling import LabelPage
from edgefmnist.camera.preview.app import build
from edgefmnist.camera.preview.board import Board
from edgefmnist.camera.preview.connections import Connection, WaitingRoom
from edgefmnist.camera.preview.listener import Listener
from edgefmnist.camera.preview.machine import Watch
from edgefmnist.camera.preview.metrics import Metrics
from edgefmnist.camera.preview.publisher import Publisher
from edgefmnist.camera.preview.tokens import Token

_CLOSE_S = 2.0


class Server:
    """Serves a board from the moment it is made.

    It notices that it should end by looking, ten times a second, so nothing has to be handed to
    its thread. Nothing that it does or logs reaches the terminal.
    """

    def __init__(
        self,
        listener: Listener,
        token: Token | None,
        board: Board,
        labelling: LabelPage | None = None,
    ) -> None:
        """Serve `board` on `listener`, which is closed at the end. labelling: see `build`."""
        self._watch = Watch()
        self._publisher = Publisher(board, self._watch)
        metrics = Metrics(board, self._watch)
        app = build(board, self._publisher, metrics, labelling, token=token, port=listener.port)
        self._listener = listener
        self._server = uvicorn.Server(_config(app))
        self._closed = False
        self._error: BaseException | None = None
        # A daemon, so that a server that does not end cannot keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises: OSError where the server has ended and should not have."""
        if not self._thread.is_alive() and not self._closed:
            raise OSError(f"the page's server ended: {self._error!r}")

    def close(self) -> None:
        """End it, whoever is connected."""
        self._closed = True
        self._server.should_exit = True
        self._watch.close()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        """Body of the thread."""
        try:
            # Not Server.run: what else runs in this loop must end with the server.
            asyncio.run(self._serve())
        except BaseException as error:  # `check` tells it, in the loop's thread
            self._error = error
        finally:
            self._watch.close()
            self._listener.socket.close()

    async def _serve(self) -> None:
        # What goes wrong with one connection is that viewer's affair, and not the terminal's.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        server = asyncio.create_task(self._server.serve(sockets=[self._listener.socket]))
        publisher = asyncio.create_task(self._publisher.run(lambda: self._server.should_exit))
        await asyncio.wait({server, publisher}, return_when=asyncio.FIRST_COMPLETED)
        self._server.should_exit = True  # whichever ended, the other ends too
        for result in await asyncio.gather(server, publisher, return_exceptions=True):
            if result is not None:
                raise result


def _config(app: Starlette) -> uvicorn.Config:
    logging.getLogger("asyncio").addHandler(logging.NullHandler())
    quiet: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"nowhere": {"class": "logging.NullHandler"}},
        "loggers": {"uvicorn": {"handlers": ["nowhere"], "propagate": False}},
    }
    return uvicorn.Config(
        app,
        http=functools.partial(Connection, room=WaitingRoom()),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_config=quiet,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=128,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16 * 1024,
    )
