"""What ``edgefmnist predict`` shows: JSON lines or a table; bad pictures on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from edgefmnist import json_text
from edgefmnist.camera.recognizer import Recognition
from edgefmnist.camera.sinks.jsonl import microseconds, prediction_fields
from edgefmnist.camera.sinks.lines import WholeLines
from edgefmnist.camera.stills import Still
from edgefmnist.errors import one_line, printable
from edgefmnist.records import UNKNOWN
from edgefmnist.render.console import SafeConsole, notes, results

_ANSWER_WIDTH = 66  # of the columns beside the path
_LEAST_PATH = 24


def show_jsonl(stills: Iterable[Still]) -> int:
    """Print one JSON object a picture as it is answered; returns how many could not be read."""
    failed = 0
    lines = WholeLines.of(sys.stdout)
    with contextlib.suppress(BrokenPipeError):  # the reader has seen enough
        for still in stills:
            if still.recognition is None:
                failed += _complain(still)
            else:
                lines.write(json_text.dumps(_fields(still, still.recognition)))
    return failed


def _fields(still: Still, recognition: Recognition) -> dict[str, Any]:
    return {
        "path": still.path,
        **prediction_fields(recognition.prediction),
        "box": still.box,
        "preprocess_us": microseconds(recognition.preprocess_ns),
        "infer_us": microseconds(recognition.infer_ns),
    }


def show_table(stills: Iterable[Still]) -> int:
    """Print a table once all pictures are answered; returns how many could not be read."""
    table = Table("picture", "answer", "score", "known", "then", box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
    table.columns[2].justify = table.columns[3].justify = "right"
    # A terminal shows the end of a long path, which names the file; a pipe gets all of it.
    room = max(results.width - _ANSWER_WIDTH, _LEAST_PATH) if results.is_terminal else None
    failed = 0
    for still in stills:
        if still.recognition is None:
            failed += _complain(still)
            continue
        table.add_row(Text(_tail(printable(still.path), room)), *_answer(still.recognition))
    if table.row_count:
        console = results if results.is_terminal else SafeConsole(width=10_000)
        console.print(table)
    return failed


def _tail(path: str, room: int | None) -> str:
    return path if room is None or len(path) <= room else "…" + path[len(path) - room + 1 :]


def _answer(recognition: Recognition) -> tuple[Text, str, str, Text]:
    prediction = recognition.prediction
    if not prediction.top:
        return Text(UNKNOWN, "yellow"), "", "", Text("no garment stands out", "dim")
    known = f"{prediction.known:.1%}"
    if prediction.unknown:
        maybe = _shares(prediction.candidates)
        told = f"maybe {maybe}" if maybe else "like none of the classes"
        return Text(UNKNOWN, "yellow"), "", known, Text(told, "dim")
    score, then = f"{prediction.score:.1%}", _shares(prediction.top[1:3])
    return Text(prediction.label, "green"), score, known, Text(then, "dim")


def _shares(scores: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{label} {score:.0%}" for label, score in scores)


def _complain(still: Still) -> int:
    notes.print(f"edgefmnist: {one_line(str(still.error))}", soft_wrap=True)
    return 1
