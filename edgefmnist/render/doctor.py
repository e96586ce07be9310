"""What ``edgefmnist doctor`` shows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from edgefmnist.doctor import Finding
from edgefmnist.render.console import print_json, results

_STYLES = {"ok": "green", "unknown": "cyan", "warning": "yellow", "problem": "bold red"}


def show(findings: Sequence[Finding]) -> None:
    """Print a line for each finding, then what to do."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("found", overflow="fold")
    for one in findings:
        table.add_row(one.check, Text(one.status, _STYLES[one.status]), one.found)
    results.print(table)
    mends = [one for one in findings if one.mend]
    if not mends:
        results.print()
        results.print("Nothing to mend.")
        return
    results.print()
    results.print("To mend:")
    for one in mends:  # not wrapped: commands are there to be copied
        results.print(Text(f"  {one.check}: {one.mend}", _STYLES[one.status]), soft_wrap=True)


def show_json(findings: Sequence[Finding]) -> None:
    """Print the findings as a JSON list."""
    print_json(
        [
            {"check": one.check, "status": one.status, "found": one.found, "mend": one.mend}
            for one in findings
        ]
    )
