"""A running camera takes another model: proven first, then used, or refused with the reason."""

from __future__ import annotations

import dataclasses
import queue
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgefmnist.camera.recognizer import LoadedModel, load_model
from edgefmnist.errors import EdgeFmnistError

if TYPE_CHECKING:  # most cameras never need them, and start sooner without
    import concurrent.futures

    from edgefmnist.runtime.proof import Proof


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    spec: str | None
    settled: concurrent.futures.Future[None]


class ModelRequests:
    """Models asked for by name, from any thread; the camera's own thread takes them."""

    def __init__(self) -> None:
        """None so far."""
        self._asked: queue.SimpleQueue[_Request] = queue.SimpleQueue()

    def ask(self, spec: str | None) -> concurrent.futures.Future[None]:
        """Ask for a model (see `models.resolve`); done once it is in use, or failed with why not.

        It stays pending where the camera ends first.
        """
        from concurrent.futures import Future

        request = _Request(spec=spec, settled=Future())
        self._asked.put(request)
        return request.settled

    def take(self) -> _Request | None:
        """The oldest request that was not taken yet."""
        try:
            return self._asked.get_nowait()
        except queue.Empty:
            return None


@dataclasses.dataclass(slots=True, kw_only=True)
class Reloading:
    """How a model is loaded again where `asked` says so, or another where `requests` has one.

    The camera continues with the one in use while the other proves itself, and whatever is wrong
    with that, here or in its own process, is only told. Of several asked for in a row the last
    counts.

    spec, threads, unknown_threshold: as at the start; spec becomes that of a request that passed.
    asked: true once for each request to load `spec` again.
    on_loaded: given a model that passed. on_refused: given why one did not; the old one stays.
    """

    spec: str | None
    threads: int
    unknown_threshold: str | None
    asked: Callable[[], bool]
    on_loaded: Callable[[LoadedModel], None]
    on_refused: Callable[[Exception], None]
    requests: ModelRequests | None = None
    _proof: Proof | None = None
    _request: _Request | None = None

    def __call__(self) -> LoadedModel | None:
        """The model to use from now on; None: continue with the one in use."""
        try:
            request = None if self.requests is None else self.requests.take()
            if request is not None:
                self.close()
                self._request = request
                self._proof = _prove(request.spec)
            elif self.asked():
                self.close()
                self._proof = _prove(self.spec)
            if self._proof is None or (model := self._proof.poll()) is None:
                return None
            loaded = load_model(
                model, threads=self.threads, unknown_threshold=self.unknown_threshold
            )
        except Exception as error:  # nothing about a new model may end a camera
            self.on_refused(error)
            self._settle(error)
            self.close()
            return None
        if self._request is not None:
            self.spec = self._request.spec
        self.on_loaded(loaded)
        self._settle(None)
        self.close()
        return loaded

    def close(self) -> None:
        """End a proof that is under way."""
        self._settle(EdgeFmnistError("another model was asked for meanwhile, or the camera ended"))
        if self._proof is not None:
            self._proof.close()
            self._proof = None

    def _settle(self, error: Exception | None) -> None:
        if self._request is None:
            return
        if error is None:
            self._request.settled.set_result(None)
        else:
            self._request.settled.set_exception(error)
        self._request = None


def _prove(spec: str | None) -> Proof:
    from edgefmnist.runtime.proof import Proof

    return Proof(spec)
