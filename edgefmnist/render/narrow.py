"""What a narrow terminal shows instead of a table whose columns would be cut off."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

_WIDE = 10_000
_LEAST_FOLDED = 12  # cells that a column needs which may break its words anywhere


def needed_width(console: Console, table: Table) -> int:
    """Cells that `table` needs to show every word whole; 0 of one without heads, a mere layout."""
    if not table.show_header or not table.columns:
        return 0
    options = console.options.update(width=_WIDE)
    needed = 0
    for column in table.columns:
        cells = (column.header, *column.cells)
        widest = max(Measurement.get(console, options, cell).minimum for cell in cells)
        needed += min(widest, _LEAST_FOLDED) if column.overflow == "fold" else widest
    padding = len(table.columns) * (table.padding[1] + table.padding[3])
    return needed + padding + (len(table.columns) + 1 if table.box else 0)


def stacked(table: Table) -> RenderableType:
    """The rows below one another: the first cell, which names it, and a line for each other."""
    heads = [_flat(column.header) for column in table.columns]
    lines = [Text(_flat(table.title), "italic")] if table.title else []
    for row in zip(*(_cells(column) for column in table.columns), strict=True):
        name, *others = row
        lines.append(Text(_flat(name), "bold", overflow="fold"))
        lines += [
            Text(f"  {head}: {_flat(cell)}", overflow="fold")
            for head, cell in zip(heads[1:], others, strict=True)
            if _flat(cell)
        ]
    return Group(*lines)


def _cells(column: Column) -> list[RenderableType]:
    return list(column.cells)


def _flat(cell: object) -> str:
    return " ".join((cell.plain if isinstance(cell, Text) else str(cell)).split())
