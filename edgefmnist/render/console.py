"""The two consoles: results go to stdout, progress and notes to stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from typing import Any, TextIO

from rich.console import Console


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


# No markup: a path may hold what looks like it.
results = Console(highlight=False, markup=False)
notes = Console(file=_lasting_stderr(), highlight=False, markup=False)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=1), flush=True)
