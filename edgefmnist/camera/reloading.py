"""A running camera takes another model: checked first, then used, or refused and told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from edgefmnist.camera.recognizer import LoadedModel, load_model
from edgefmnist.errors import BadModel, EdgeFmnistError
from edgefmnist.runtime import golden
from edgefmnist.runtime.models import resolve


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reloading:
    """How a model is loaded again where `asked` says so.

    spec, threads, unknown_threshold: as at the start. asked: true once for each request.
    on_loaded: told a model that passed. on_refused: told why one did not; the old one stays.
    """

    spec: str | None
    threads: int
    unknown_threshold: str | None
    asked: Callable[[], bool]
    on_loaded: Callable[[LoadedModel], None]
    on_refused: Callable[[Exception], None]

    def __call__(self) -> LoadedModel | None:
        """The model to use from now on; None: go on with the one in use."""
        if not self.asked():
            return None
        try:
            loaded = load_checked(self.spec, self.threads, self.unknown_threshold)
        except (EdgeFmnistError, OSError) as error:  # OSError: files that go while they are read
            self.on_refused(error)
            return None
        self.on_loaded(loaded)
        return loaded


def load_checked(spec: str | None, threads: int, unknown_threshold: str | None) -> LoadedModel:
    """Load a bundle whose SHA-256 is right and whose golden vectors come out as they must.

    Raises: UsageError, BadModel.
    """
    loaded = load_model(resolve(spec), threads=threads, unknown_threshold=unknown_threshold)
    replay = golden.replay(loaded.classifier)
    if not replay.passed:
        raise BadModel(
            f"{len(replay.mismatches)} of {replay.total} golden vectors of {replay.model} differ: "
            "copy the bundle again"
        )
    return loaded
