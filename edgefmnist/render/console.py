"""The two consoles: results go to stdout, progress and notes to stderr."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

results = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=1), flush=True)
