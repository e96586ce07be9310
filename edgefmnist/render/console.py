"""The two consoles: results go to stdout, progress and notes to stderr."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from edgefmnist import json_text
from edgefmnist.errors import one_line, printable
from edgefmnist.render.narrow import needed_width, stacked


class _Unfailing(io.TextIOWrapper):
    """A text file without a buffer; what cannot be written is lost in silence.

    A note that nobody can be told ends no run: stderr may be on a full disk, or its reader gone.
    """

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def _lasting_stderr() -> TextIO:
    """A stderr of our own, which stays on the terminal while native libraries are silenced."""
    try:
        raw = io.FileIO(os.dup(2), "w")
    except OSError:  # the process was started without one
        return sys.stderr
    # Straight onto the raw file, as `python -u` does it.
    return _Unfailing(raw, encoding="utf-8", errors="replace", write_through=True)


class SafeConsole(Console):
    """A console on which words from outside can do nothing but be read.

    A string, also in a table or a title, is one line of `printable` characters; what has several
    lines is a `Text` or several rows. In a `Text` all but the line ends is made printable.
    """

    def __init__(self, **options: Any) -> None:
        """Take the options of `Console`, but no markup and no emoji: a name may look like them."""
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a string. Rich calls it for every one that it shows."""
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Make segments of anything that is shown. Rich calls it for all parts of what it shows."""
        width = (options or self.options).max_width
        if isinstance(renderable, Table) and needed_width(self, renderable) > width:
            renderable = stacked(renderable)
        if isinstance(renderable, Text):
            lines = [printable(line) for line in renderable.plain.split("\n")]
            shown = "\n".join(lines)
            if shown != renderable.plain:  # styles of parts of it would no longer fit
                renderable = renderable.blank_copy(shown)
        return super().render(renderable, options)


results = SafeConsole()
notes = SafeConsole(file=_lasting_stderr())


def show_note(text: str, *, bad: bool = False) -> None:
    """Say one line on stderr, such as which files were passed over; nothing where it is empty."""
    if text:
        notes.print(f"edgefmnist: {one_line(text)}", soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json_text.dumps(value, indent=1), flush=True)


def finished(
    written: Sequence[Path | None], *, next_words: Sequence[str | Path] = (), as_json: bool = False
) -> None:
    """End a command: what it wrote, and the words of what to run next; on stderr beside JSON."""
    console = notes if as_json else results
    if paths := [str(path) for path in written if path is not None]:
        console.print(f"written: {', '.join(paths)}", soft_wrap=True)
    if next_words:
        console.print(f"next: {shlex.join(map(str, next_words))}", soft_wrap=True)
