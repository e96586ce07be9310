"""What the page ``/label`` asks for: kept frames, their pictures, and changes to them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgefmnist import json_text
from edgefmnist.camera.events import CameraEvent
from edgefmnist.camera.labelling.kept import KeptFrame
from edgefmnist.camera.labelling.labels import Done, Labelling
from edgefmnist.camera.labelling.learning import CannotNow, Learning
from edgefmnist.camera.labelling.moving import NoLongerThere
from edgefmnist.camera.preview import label_writing
from edgefmnist.camera.preview.label_learning import learning_fields
from edgefmnist.camera.preview.label_pictures import LabelPictures
from edgefmnist.camera.preview.label_writing import Refused
from edgefmnist.errors import BadPicture, CannotWrite, one_line

MOST_AT_ONCE = 500
"""Frames in one answer or one change."""

_PAGE = 60
_SHOWN_ANSWERS = 3
_AT_ONCE = 2  # pieces of work beside the camera's own
_WAITING = 64  # more are sent away: each takes a file descriptor from the camera
_Result = TypeVar("_Result")


class LabelRequests:
    """The addresses below ``/label/``; see `routes`."""

    def __init__(
        self,
        labelling: Labelling,
        labels: Callable[[], Sequence[str]],
        newest: Callable[[], CameraEvent | None],
        learning: Learning,
    ) -> None:
        """labels: of the model in use. newest: event that the button beside the picture keeps."""
        self._labelling = labelling
        self._labels = labels
        self._newest = newest
        self._learning = learning
        self._pictures = LabelPictures()
        self._places: asyncio.Semaphore | None = None
        self._waiting = 0

    def routes(self) -> list[Route]:
        """For the application. All but GET go through `label_writing.read`."""
        return [
            reading("/label/frames", self._frames),
            reading("/label/photo/{stem}.jpg", self._photo),
            reading("/label/seen/{stem}.png", self._seen),
            writing("/label/set", self._set),
            writing("/label/throw", self._throw),
            writing("/label/undo", self._undo),
            writing("/label/keep", self._keep),
            reading("/label/learning", self._status),
            writing("/label/learn", self._learn),
            writing("/label/stop", self._stop),
            writing("/label/use", self._use),
            writing("/label/back", self._back),
        ]

    async def _frames(self, request: Request) -> Response:
        """``?limit=``: frames at most. ``?since=``: the version that the page has."""
        limit = _limit(request.query_params.get("limit"))
        told = await self._aside(lambda: self._told(limit))
        version = hashlib.sha256(json_text.dumps(told).encode()).hexdigest()[:16]
        if request.query_params.get("since") == version:
            return JSONResponse({"version": version})
        return JSONResponse({"version": version, **told})

    def _told(self, limit: int) -> dict[str, Any]:
        frames = self._labelling.frames()
        classes = self._labelling.classes(self._labels())
        return {
            "total": len(frames),
            "frames": [_frame(frame) for frame in frames[:limit]],
            "classes": [
                {"name": one.name, "pictures": one.pictures, "own": one.own} for one in classes
            ],
        }

    async def _photo(self, request: Request) -> Response:
        return await self._picture(request, "photo", "image/jpeg")

    async def _seen(self, request: Request) -> Response:
        return await self._picture(request, "seen", "image/png")

    async def _picture(self, request: Request, part: str, media_type: str) -> Response:
        stem = request.path_params["stem"]
        try:
            shown = await self._aside(lambda: self._pictures.of(self._labelling.photo(stem)))
        except (NoLongerThere, BadPicture):
            return Response(status_code=404)
        content: bytes = getattr(shown, part)
        return Response(content, 200 if content else 404, media_type=media_type)

    async def _set(self, told: dict[str, Any]) -> Response:
        frames, name = _names(told.get("frames")), told.get("class")
        if not isinstance(name, str):
            raise Refused(400, "want class: a text")
        labels = self._labels()
        try:
            return _answer(await self._aside(lambda: self._labelling.label(frames, name, labels)))
        except ValueError as error:
            raise Refused(400, str(error)) from error

    async def _throw(self, told: dict[str, Any]) -> Response:
        frames = _names(told.get("frames"))
        return _answer(await self._aside(lambda: self._labelling.throw_away(frames)))

    async def _undo(self, told: dict[str, Any]) -> Response:
        action = told.get("action")
        if isinstance(action, bool) or not isinstance(action, int):
            raise Refused(400, "want action: a whole number")
        done = await self._aside(lambda: self._labelling.undo(action))
        if not (done.moved or done.gone or done.trouble):
            raise Refused(409, "that can no longer be undone")
        return _answer(done)

    async def _keep(self, told: dict[str, Any]) -> Response:
        event = self._newest()
        if event is None:
            raise Refused(409, "no frame has come yet")
        if not self._labelling.keep(event):
            raise Refused(503, "the disk is too slow for more frames now")
        return JSONResponse({"frame": event.frame})

    async def _status(self, request: Request) -> Response:
        return JSONResponse(await self._aside(lambda: learning_fields(self._learning.status())))

    async def _learn(self, told: dict[str, Any]) -> Response:
        return await self._do(self._learning.start)

    async def _stop(self, told: dict[str, Any]) -> Response:
        return await self._do(self._learning.stop)

    async def _use(self, told: dict[str, Any]) -> Response:
        name = told.get("model")
        if not isinstance(name, str):
            raise Refused(400, "want model: a text")
        return await self._do(lambda: self._learning.use(name))

    async def _back(self, told: dict[str, Any]) -> Response:
        return await self._do(self._learning.go_back)

    async def _do(self, work: Callable[[], None]) -> Response:
        try:
            await self._aside(work)
        except CannotNow as error:
            raise Refused(409, str(error)) from error
        except (OSError, CannotWrite) as error:
            raise Refused(507, one_line(str(error))) from error
        return JSONResponse(await self._aside(lambda: learning_fields(self._learning.status())))

    async def _aside(self, work: Callable[[], _Result]) -> _Result:
        """Do what takes time in a thread, few at once. Raises: as `work`."""
        if self._places is None:  # here, in the server's loop
            self._places = asyncio.Semaphore(_AT_ONCE)
        if self._waiting >= _WAITING:
            raise Refused(503, "too much is asked for at once; try again soon")
        self._waiting += 1
        try:
            async with self._places:
                return await _in_thread(work)
        finally:
            self._waiting -= 1


def reading(path: str, read: Callable[[Request], Awaitable[Response]]) -> Route:
    """An address that changes nothing."""

    async def answer(request: Request) -> Response:
        try:
            return await read(request)
        except Refused as refused:
            return refused.answer()
        except OSError as error:
            return Refused(500, one_line(str(error))).answer()

    return Route(path, answer, methods=["GET"])


def writing(path: str, change: Callable[[dict[str, Any]], Awaitable[Response]]) -> Route:
    """An address that takes POST alone, and nothing that `label_writing.read` refuses."""

    async def answer(request: Request) -> Response:
        try:
            return await change(await label_writing.read(request))
        except Refused as refused:
            return refused.answer()

    return Route(path, answer, methods=["POST"])


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_Result] = loop.create_future()

    def settle(value: _Result | None, error: Exception | None) -> None:
        if result.done():  # who asked is gone
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: _Result | None = None
        failed: Exception | None = None
        try:
            value = work()
        except Exception as error:
            failed = error
        with contextlib.suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(settle, value, failed)

    # A daemon: a disk that does not answer must not keep the program from ending.
    threading.Thread(target=run, name="label", daemon=True).start()
    return await result


def _frame(frame: KeptFrame) -> dict[str, Any]:
    return {
        "id": frame.stem,
        "time": frame.time,
        "why": frame.why,
        "unknown": frame.unknown,
        "known": round(frame.known, 4),
        "top": [[label, round(score, 4)] for label, score in frame.top[:_SHOWN_ANSWERS]],
    }


def _limit(given: str | None) -> int:
    few = given is not None and given.isascii() and given.isdigit() and len(given) < 6
    return min(int(given or 0), MOST_AT_ONCE) if few else _PAGE


def _names(told: object) -> list[str]:
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise Refused(400, "want frames: a list of texts")
    if not 0 < len(told) <= MOST_AT_ONCE:
        raise Refused(400, f"want 1 to {MOST_AT_ONCE} frames")
    return told


def _answer(done: Done) -> Response:
    told = {"action": done.action, "moved": done.moved, "gone": done.gone}
    if done.trouble:
        return JSONResponse({**told, "error": done.trouble}, status_code=507)
    if done.gone:
        few = "one frame was" if len(done.gone) == 1 else f"{len(done.gone)} frames were"
        why = f"{few} labelled or deleted by somebody else meanwhile"
        return JSONResponse({**told, "error": why}, status_code=409)
    return JSONResponse(told)
