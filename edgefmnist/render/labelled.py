"""Accuracy on somebody's own pictures: what `evaluate --pictures` shows."""

from __future__ import annotations

from rich.table import Table

from edgefmnist.camera.labelled import LabelledResult
from edgefmnist.errors import one_line
from edgefmnist.records import UNKNOWN
from edgefmnist.render.console import notes, results
from edgefmnist.render.evaluation import print_evaluation
from edgefmnist.runtime.model_file import ModelFile

_NAME_WIDTH = 16  # that a class gets at least, where the terminal has it


def show(model: ModelFile, result: LabelledResult) -> None:
    """Print accuracy, and for each class that there is what its pictures were taken for."""
    told, labels = result.evaluation, result.evaluation.labels
    table = Table(title=f"{model.name} on {result.folder}", title_justify="left")
    table.add_column("class", no_wrap=True, min_width=min(max(map(len, labels)), _NAME_WIDTH))
    for head in ("pictures", "right", UNKNOWN):
        table.add_column(head, justify="right")
    table.add_column("else taken for")
    for index, row in enumerate(told.confusion):
        if not sum(row):
            continue
        others = [
            (count, answer)
            for at, (count, answer) in enumerate(zip(row, (*labels, UNKNOWN), strict=True))
            if count and at not in (index, len(labels))
        ]
        table.add_row(
            labels[index],
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
    if result.nothing:
        results.print(
            f"none of the classes: {result.nothing_refused:,} of {result.nothing:,} refused as "
            f"{UNKNOWN} ({result.nothing_refused / result.nothing:.0%})"
        )
    _complain(result)


def show_json(model: ModelFile, result: LabelledResult) -> None:
    """Print the same as JSON: the keys of a plain evaluation, and what its own way adds."""
    more = {
        "pictures": str(result.folder),
        "unknown": result.unknown,
        "none_of_them": {"pictures": result.nothing, "refused": result.nothing_refused},
        "unreadable": [still.path for still in result.unreadable],
    }
    print_evaluation(model, result.evaluation, more)
    _complain(result)


def _complain(result: LabelledResult) -> None:
    for still in result.unreadable:
        notes.print(f"edgefmnist: {one_line(str(still.error))}", soft_wrap=True)
