"""A running camera takes another model: proven first, then used, or refused with the reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from edgefmnist.camera.recognizer import LoadedModel, load_model
from edgefmnist.runtime.proof import Proof


@dataclasses.dataclass(slots=True, kw_only=True)
class Reloading:
    """How a model is loaded again where `asked` says so.

    The camera goes on with the one in use while the other proves itself, and whatever is wrong with
    that, here or in its own process, is only told. Of several asked for in a row the last counts.

    spec, threads, unknown_threshold: as at the start. asked: true once for each request.
    on_loaded: given a model that passed. on_refused: given why one did not; the old one stays.
    """

    spec: str | None
    threads: int
    unknown_threshold: str | None
    asked: Callable[[], bool]
    on_loaded: Callable[[LoadedModel], None]
    on_refused: Callable[[Exception], None]
    _proof: Proof | None = None

    def __call__(self) -> LoadedModel | None:
        """The model to use from now on; None: continue with the one in use."""
        try:
            if self.asked():
                self.close()
                self._proof = Proof(self.spec)
            if self._proof is None or (model := self._proof.poll()) is None:
                return None
            loaded = load_model(
                model, threads=self.threads, unknown_threshold=self.unknown_threshold
            )
        except Exception as error:  # nothing about a new model may end a camera
            self.close()
            self.on_refused(error)
            return None
        self.close()
        self.on_loaded(loaded)
        return loaded

    def close(self) -> None:
        """End a proof that is under way."""
        if self._proof is not None:
            self._proof.close()
            self._proof = None
