"""What ``edgefmnist data`` shows: the four files, and a progress bar while they are fetched."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from edgefmnist.dataset import DataFile, OnProgress
from edgefmnist.render.console import notes, print_json, results


@contextlib.contextmanager
def downloading() -> Iterator[OnProgress]:
    """Yield the hook for a download: one bar a file with bytes, speed and time left, on stderr.

    Nothing is drawn until the hook is called for the first time.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    progress = Progress(*columns, console=notes, disable=not notes.is_terminal)
    bars: dict[str, TaskID] = {}

    def show(name: str, done_bytes: int, total_bytes: int) -> None:
        if name not in bars:
            progress.start()
            bars[name] = progress.add_task(name.removesuffix("-ubyte.gz"))
        progress.update(bars[name], completed=done_bytes, total=total_bytes or None)

    try:
        yield show
    finally:
        if bars:  # stopping what never started prints an empty line
            progress.stop()


def as_table(files: tuple[DataFile, ...]) -> None:
    """Print the files and their folders on stdout."""
    table = Table("file", "samples", "SHA-256", "folder")
    for column in table.columns[:3]:
        column.no_wrap = True
    table.columns[1].justify = "right"
    table.columns[3].overflow = "fold"
    for file in files:
        table.add_row(
            file.name.removesuffix("-ubyte.gz"), f"{file.count:,}", "ok", str(file.path.parent)
        )
    results.print(table)


def as_json(files: tuple[DataFile, ...]) -> None:
    """Print the files as one JSON object on stdout."""
    listed = [{**dataclasses.asdict(file), "path": str(file.path)} for file in files]
    print_json({"verified": True, "files": listed})
