"""In a narrow terminal no name and no number is cut off."""

from __future__ import annotations

import dataclasses
import io
import time

import pytest
from rich.table import Table

from edgefmnist.camera.events import State, Status
from edgefmnist.records import LABELS, ModelInUse
from edgefmnist.render.console import SafeConsole
from edgefmnist.render.live import _Screen
from tests.camera.outputs.conftest import event
from tests.conftest import RunCli

WIDTHS = (20, 40, 60, 72, 80, 200)


def printed(table: object, width: int) -> str:
    console = SafeConsole(file=io.StringIO(), width=width)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def wide_table() -> Table:
    table = Table(title="Latency")
    table.add_column("model (input)", overflow="fold")
    for head in ("threads", "window", "p50", "p95", "p99", "ratio"):
        table.add_column(head, justify="right")
    table.add_row("accurate (int8)", "1", "12,345", "10,001", "10,002", "10,003", "1.00")
    table.add_row("tiny (int8)", "2", "1,345", "", "1,002", "1,003", "0.10", style="bold")
    return table


@pytest.mark.parametrize("width", WIDTHS)
def test_every_cell_of_a_table_is_shown_whole(width: int) -> None:
    shown = printed(wide_table(), width)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    for word in ("accurate", "tiny", "threads", "ratio", "12,345", "10,003", "0.10"):
        assert word in shown


def test_a_table_that_fits_stays_a_table() -> None:
    assert "┃" in printed(wide_table(), 80) and "┃" not in printed(wide_table(), 40)


@pytest.mark.parametrize("width", [72, 80, 120])
def test_the_live_view_keeps_its_names_beside_long_words(width: int) -> None:
    class Canvas:
        console = SafeConsole(file=io.StringIO(), width=width)

    screen = _Screen(Canvas(), "rtsp://camera.local/" + "long/" * 40)  # type: ignore[arg-type]
    shown_event = dataclasses.replace(event(), model=ModelInUse(name="m" * 200, labels=LABELS))
    screen._status = Status(
        state=State.RESTARTING, detail="no frame " * 40, since_ns=time.monotonic_ns()
    )
    shown = printed(screen._layout(width, shown_event), width)
    for name in ("camera", "speed", "source", "model", "capture", "preprocess", "infer", "known"):
        assert f"{name} " in shown
    assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize("columns", ["30", "40", "60"])
def test_a_command_in_a_narrow_terminal(run_cli: RunCli, columns: str) -> None:
    done = run_cli("evaluate", "tiny", env={"COLUMNS": columns})
    assert done.returncode == 0 and "…" not in done.stdout
    assert all(label in done.stdout for label in ("T-shirt/top", "Ankle boot", "recall"))
