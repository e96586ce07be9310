"""Pages that a script writes about what it has just measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgefmnist import files
from edgefmnist.environment import Conditions

HERE = Path(__file__).resolve().parent


def write(name: str, title: str, body: str, conditions: Conditions | None = None) -> None:
    """Write ``benchmarks/NAME.md``, made by ``python -m benchmarks.NAME``, and print its body.

    name: with a slash where the page lies in a folder.
    conditions: of a run in which time was taken.
    """
    made = f"Made by `python -m benchmarks.{name.replace('/', '.')}`"
    if conditions is not None:
        made += f" on {machine(conditions)}"
    files.write_text(HERE / f"{name}.md", f"# {title}\n\n{made}.\n\n{body.strip()}\n")
    print(body.strip())


def machine(conditions: Conditions) -> str:
    """What was measured on, and what casts doubt on it."""
    machine = conditions.before
    told = f"{machine.board or machine.cpu}, {machine.cores} cores, {machine.system}"
    doubts = [one.what for one in conditions.judgements if one.level not in ("ok", "unknown")]
    return told + (f" ({'; '.join(doubts)})" if doubts else "")


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    cells = list(heads)
    lines = [f"| {' | '.join(cells)} |", "|" + "---|" * len(cells)]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)
