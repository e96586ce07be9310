"""Seconds of the guest that the cases took: kept as they come, then ``benchmarks/machine.md``.

usage: python -m tests.machine.figures
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.machine.image import PLACE, ROOT, SUITES

PAGE = ROOT / "benchmarks" / "machine.md"
_HEAD = """\
# The service in a whole emulated machine

By `make test-machine`: Debian's kernel, systemd and camera driver on one emulated x86-64 core, with
a USB webcam that is a program ([tests/machine](../tests/machine)). Seconds are the guest's own,
whose core does an instruction a nanosecond: a busy host changes nothing, and they are no measure of
a Pi. The page is asked four times a second. Where a case was not run or did not end there is none.

"""


def keep(suite: str, what: str, seconds: float) -> None:
    """Remember one figure of this run; the next run of the case replaces it."""
    path = _path(suite)
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(known | {what: round(seconds, 1)}, indent=1, sort_keys=True))


def write() -> None:
    """Write the page from the figures of all suites."""
    known = {s: json.loads(_path(s).read_text()) for s in SUITES if _path(s).is_file()}
    rows = [f"| seconds until | {' | '.join(name.capitalize() for name in known)} |"]
    rows.append("|---" * (len(known) + 1) + "|")
    for what in sorted({what for figures in known.values() for what in figures}):
        cells = " | ".join(f"{one[what]:.1f}" if what in one else "" for one in known.values())
        rows.append(f"| {what} | {cells} |")
    PAGE.write_text(_HEAD + "\n".join(rows) + "\n")


def _path(suite: str) -> Path:
    return PLACE / f"figures-{suite}.json"


if __name__ == "__main__":
    write()
