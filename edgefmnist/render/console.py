"""The two consoles: results go to stdout, progress and notes to stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from rich.console import Console


def _lasting_stderr() -> TextIO:
    """A stderr of our own, which stays on the terminal while native libraries are silenced."""
    try:
        return open(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")  # noqa: PTH123
    except OSError:  # the process was started without one
        return sys.stderr


# No markup: a path may hold what looks like it.
results = Console(highlight=False, markup=False)
notes = Console(file=_lasting_stderr(), highlight=False, markup=False)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=1), flush=True)
