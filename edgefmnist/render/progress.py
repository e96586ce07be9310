"""Progress bars, on stderr; nothing where stderr is no terminal.

With EDGEFMNIST_PROGRESS=json `Stages` writes a JSON object a line instead, for a program that shows
it elsewhere: ``{"stage": "Finding garments", "done": 12, "total": 200}``.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from edgefmnist import json_text
from edgefmnist.render.console import notes

_WRITE_S = 0.2  # between two lines for a program
_ROOM = 72  # columns of a terminal that has room for a bar beside the words


def is_narrow() -> bool:
    """Whether the terminal is too narrow for all that could be shown."""
    return notes.width < _ROOM


def with_bar(*columns: ProgressColumn) -> tuple[ProgressColumn, ...]:
    """`columns`, in a narrow terminal without bars and times: the words must not be cut off."""
    if not is_narrow():
        return columns
    return tuple(c for c in columns if not isinstance(c, (BarColumn, TimeRemainingColumn)))


def _bars() -> Progress:
    return Progress(
        *with_bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
        ),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    )


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a hook (done, total) that moves one bar called `what`."""
    with _bars() as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class Stages:
    """A line for each stage of a longer job, the running one with a bar."""

    def __init__(self) -> None:
        self._progress = _bars()
        self._name = ""
        self._as_json = os.environ.get("EDGEFMNIST_PROGRESS") == "json"
        self._written_s = 0.0

    def __enter__(self) -> Stages:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close(done=kind is None)
        self._progress.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """End the running stage and begin another."""
        self._close(done=True)
        self._name = name
        self._task = self._progress.add_task(name, total=total)
        self._write(0, total)

    def progress(self, done: int, total: int) -> None:
        """Move the running stage's bar."""
        self._progress.update(self._task, completed=done, total=total)
        if done >= total or time.monotonic() - self._written_s > _WRITE_S:
            self._write(done, total)

    def _write(self, done: int, total: int | None) -> None:
        if self._as_json:
            self._written_s = time.monotonic()
            told = {"stage": self._name, "done": done, "total": total}
            notes.print(Text(json_text.dumps(told)), soft_wrap=True)

    def _close(self, done: bool) -> None:
        if self._name:
            self._progress.remove_task(self._task)
            if self._as_json:
                self._name = ""
                return
            mark = Text("done", "green") if done else Text("stopped", "red")
            notes.print(Text(f"{self._name}: ").append_text(mark))
        self._name = ""
