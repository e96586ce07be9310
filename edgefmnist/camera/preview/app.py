"""The addresses that the server answers at."""

from __future__ import annotations

from importlib import resources

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgefmnist.camera.labelling import LabelPage
from edgefmnist.camera.preview.board import Board
from edgefmnist.camera.preview.guard import Guard
from edgefmnist.camera.preview.label_requests import LabelRequests
from edgefmnist.camera.preview.metrics import Metrics
from edgefmnist.camera.preview.publisher import Publisher
from edgefmnist.camera.preview.tokens import Token

_FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


_LABEL_FILES = {
    "/label": ("label.html", "text/html"),
    "/label.css": ("label.css", "text/css"),
    "/label.js": ("label.js", "text/javascript"),
    "/label_learn.js": ("label_learn.js", "text/javascript"),
}


def build(
    board: Board,
    publisher: Publisher,
    metrics: Metrics,
    labelling: LabelPage | None = None,
    *,
    token: Token | None,
    port: int,
) -> Starlette:
    """The application: the page, its two streams, ``/healthz`` and ``/metrics``.

    labelling: with it the page ``/label`` is there, and what that asks for.
    """

    async def healthz(request: Request) -> Response:
        health = board.health()
        # Nothing that tells where the camera is or what it sees: no token is asked for here.
        told = {
            "state": health.state.value,
            "fault": health.fault,
            "frame_age_s": health.frame_age_s and round(health.frame_age_s, 3),
        }
        return JSONResponse(told, status_code=200 if health.live else 503)

    async def scraped(request: Request) -> Response:
        body, media_type = metrics.text(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type})

    label: list[Route] = []
    if labelling is not None:
        label = [_file_route(path, name, media) for path, (name, media) in _LABEL_FILES.items()]
        label += LabelRequests(
            labelling.labelling, lambda: board.model.labels, lambda: board.event, labelling.learning
        ).routes()
    app = Starlette(
        routes=[
            *(_file_route(path, name, media) for path, (name, media) in _FILES.items()),
            Route("/stream.mjpg", publisher.pictures, methods=["GET"]),
            Route("/events", publisher.messages, methods=["GET"]),
            Route("/healthz", healthz),
            Route("/metrics", scraped),
            *label,
        ],
        middleware=[Middleware(Guard, token=token, port=port)],
    )
    # It would send on to the host that the request names: nobody knows who wrote that.
    app.router.redirect_slashes = False
    return app


def _file_route(path: str, name: str, media_type: str) -> Route:
    body = (resources.files("edgefmnist.camera.preview") / "page" / name).read_bytes()

    async def serve(request: Request) -> Response:
        return Response(body, media_type=media_type)

    return Route(path, serve)
