"""Accuracy on somebody's own pictures: what `evaluate --pictures` shows."""

from __future__ import annotations

from rich.table import Table

from edgefmnist.camera.labelled import LabelledResult
from edgefmnist.errors import one_line
from edgefmnist.records import LABELS, UNKNOWN
from edgefmnist.render.console import notes, results
from edgefmnist.render.evaluation import show_json as show_evaluation
from edgefmnist.runtime.models import ModelFile

_ANSWERS = (*LABELS, UNKNOWN)


def show(model: ModelFile, result: LabelledResult) -> None:
    """Print accuracy, and for each class that there is what its pictures were taken for."""
    told = result.evaluation
    table = Table(title=f"{model.name} on {result.folder}", title_justify="left")
    table.add_column("class", no_wrap=True, min_width=max(map(len, LABELS)))
    for head in ("pictures", "right", UNKNOWN):
        table.add_column(head, justify="right")
    table.add_column("else taken for")
    for index, row in enumerate(told.confusion):
        if not sum(row):
            continue
        others = [
            (count, answer)
            for at, (count, answer) in enumerate(zip(row, _ANSWERS, strict=True))
            if count and at not in (index, len(LABELS))
        ]
        table.add_row(
            LABELS[index],
            str(sum(row)),
            f"{row[index] / sum(row):.0%}",
            str(row[-1]),
            ", ".join(f"{answer} ({count})" for count, answer in sorted(others, reverse=True)),
        )
    results.print(table)
    classes = told.per_class
    results.print(
        f"{told.accuracy:.2%} right ({told.correct:,} of {told.total:,}); mean of the "
        f"{len(classes)} classes {sum(classes.values()) / len(classes):.2%}; "
        f"{result.unknown:,} {UNKNOWN}, which count as wrong"
    )
    _complain(result)


def show_json(model: ModelFile, result: LabelledResult) -> None:
    """Print the same as JSON: the keys of a plain evaluation, and what its own way adds."""
    more = {
        "pictures": str(result.folder),
        "unknown": result.unknown,
        "unreadable": [still.path for still in result.unreadable],
    }
    show_evaluation(model, result.evaluation, more)
    _complain(result)


def _complain(result: LabelledResult) -> None:
    for still in result.unreadable:
        notes.print(f"edgefmnist: {one_line(str(still.error))}", soft_wrap=True)
