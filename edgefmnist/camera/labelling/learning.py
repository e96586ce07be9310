"""Learn, use it, go back: what the page's three buttons do."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgefmnist.camera.labelling.adapting import Adapting, Ended, Progress
from edgefmnist.camera.labelling.learned import LearnedModels
from edgefmnist.errors import EdgeFmnistError, one_line

Ask = Callable[[str | None], "concurrent.futures.Future[None]"]

_SWITCH_S = 120.0  # a proof may take half of that


class CannotNow(Exception):
    """What was asked for cannot be done at this moment; its text is for people."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LearningStatus:
    """How it stands.

    running: `adapt` is at work, at `progress`. candidate: the model learned last that can be used;
    None where it is in use, or there is none. result: what `adapt` said last: of the candidate, or
    of the model in use, or why there is none. error, refused: see `Ended`.
    in_use: the learned model in use; None: the given one. back: whether there is one before it.
    switching: a model is proving itself. switch_error: why the last one was not taken.
    """

    running: bool
    progress: Progress
    candidate: str | None
    result: dict[str, Any] | None
    error: str
    refused: bool
    in_use: str | None
    back: bool
    switching: bool
    switch_error: str


class Learning:
    """One at a time, of one folder of photos; from any thread."""

    def __init__(self, photos: Path, models: LearnedModels, ask: Ask) -> None:
        """ask: asks the camera for a model (`ModelRequests.ask`)."""
        self._photos = photos
        self._models = models
        self._ask = ask
        self._lock = threading.Lock()
        self._adapting: Adapting | None = None
        self._out: Path | None = None
        self._ended: Ended | None = None
        self._switching = False
        self._switch_error = ""

    def start(self) -> None:
        """Begin to learn from the photos.

        It always begins from the model that the command names: one that has learned from these
        photos cannot be tested on them. Raises: CannotNow, CannotWrite, OSError.
        """
        with self._lock:
            self._look()
            if self._adapting is not None:
                raise CannotNow("it is learning already")
            self._out = self._models.next()
            self._ended = None
            self._adapting = Adapting(self._photos, self._models.in_use.given, self._out)

    def stop(self) -> None:
        """Stop learning, at whatever point it is."""
        with self._lock:
            if self._adapting is not None:
                self._adapting.close()
                self._adapting = None

    def status(self) -> LearningStatus:
        """How it stands now."""
        with self._lock:
            self._look()
            ended, in_use = self._ended, self._models.in_use
            newest = self._models.newest()
            usable = newest if newest != in_use.name and newest not in in_use.before else None
            shown = usable or in_use.name
            result = ended.result if ended is not None else None
            if ended is None and shown is not None:
                result = self._models.result(shown)
            return LearningStatus(
                running=self._adapting is not None,
                progress=Progress() if self._adapting is None else self._adapting.progress,
                candidate=None if self._adapting is not None else usable,
                result=result,
                error="" if ended is None else ended.error,
                refused=ended is not None and ended.refused,
                in_use=in_use.name,
                back=bool(in_use.before),
                switching=self._switching,
                switch_error=self._switch_error,
            )

    def use(self, name: str) -> None:
        """Let the camera take a learned model, once it has proven itself. Raises: CannotNow."""
        if name != self.status().candidate:
            raise CannotNow("that model is no longer the one to use: look again")
        self._switch(name, lambda: self._models.use(name))

    def go_back(self) -> None:
        """Let the camera take the model that was in use before. Raises: CannotNow."""
        before = self._models.in_use.before
        if not before:
            raise CannotNow("there is no model before this one")
        self._switch(before[-1], self._models.go_back)

    def _switch(self, name: str | None, remember: Callable[[], None]) -> None:
        with self._lock:
            if self._switching:
                raise CannotNow("another model is proving itself")
            self._switching, self._switch_error = True, ""
        settled = self._ask(self._models.spec_of(name))

        def wait() -> None:
            error = ""
            try:
                settled.result(_SWITCH_S)
                with self._lock:
                    remember()
                    self._ended = None
            except concurrent.futures.TimeoutError:
                error = "the camera did not take it in time"
            except EdgeFmnistError as refused:
                error = one_line(str(refused))
            except Exception as failed:
                error = one_line(f"{type(failed).__name__}: {failed}")
            self._switching, self._switch_error = False, error

        # A daemon: it waits for the camera, which may end first.
        threading.Thread(target=wait, name="switch", daemon=True).start()

    def _look(self) -> None:
        """Take in what came of a run that has ended; the lock is held."""
        if self._adapting is None or (ended := self._adapting.poll()) is None:
            return
        self._adapting.close()
        self._adapting, self._ended = None, ended
        if not ended.error and ended.result is not None and self._out is not None:
            with contextlib.suppress(EdgeFmnistError):  # the page shows it all the same
                self._models.note_result(self._out.name, ended.result)
