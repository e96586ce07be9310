"""What ``edgefmnist camera --list`` shows."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from edgefmnist import json_text
from edgefmnist.camera.listing import FoundCamera
from edgefmnist.camera.sinks.lines import WholeLines
from edgefmnist.errors import one_line, printable
from edgefmnist.render.console import notes, results

_NOTHING = (
    "no camera found: check the ribbon cable and 'rpicam-hello --list-cameras', or connect a USB "
    "camera; a network camera is named by its address, as in --source rtsp://HOST/PATH; "
    "--source demo needs none"
)
_MOST_SIZES = 6


def show(found: Sequence[FoundCamera], *, as_json: bool) -> None:
    """Print one row, or one JSON object, for each camera; where there is none, what to do."""
    if as_json:
        lines = WholeLines.of(sys.stdout)
        for one in found:
            lines.write(json_text.dumps(dataclasses.asdict(one)))
    elif found:
        results.print(_table(found))
    if not found:
        notes.print(_NOTHING, soft_wrap=True)


def _table(found: Sequence[FoundCamera]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("--source", no_wrap=True)
    table.add_column("camera")
    table.add_column("sizes")
    table.add_column("state")
    for one in found:
        about = one_line(f"{one.name} ({one.through})" if one.name else one.through)
        state = Text(one_line(one.trouble), "red") if one.trouble else Text("ready", "green")
        table.add_row(one.source, about, Text("\n").join(map(Text, _sizes(one))), state)
    return table


def _sizes(one: FoundCamera) -> Iterator[str]:
    """A line for each format; long ones are cut, --jsonl has them whole."""
    for form, sizes in one.sizes.items():
        more = ", ..." if len(sizes) > _MOST_SIZES else ""
        yield printable(f"{form} {', '.join(sizes[:_MOST_SIZES])}{more}")
