"""Accuracy of one model, and whether it answers here as it did when released."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from rich.table import Table

from edgefmnist.evaluate import differences
from edgefmnist.records import Evaluation
from edgefmnist.render.console import print_json, results
from edgefmnist.runtime.golden import Replay
from edgefmnist.runtime.interpreter import provider
from edgefmnist.runtime.model_file import ModelFile

_SHOWN_MISMATCHES = 5


def show(model: ModelFile, evaluation: Evaluation) -> None:
    """Print accuracy and the recall of each class of Fashion-MNIST that the model has."""
    table = Table(title=f"{model.name} on {evaluation.total:,} test images", title_justify="left")
    table.add_column("class")
    table.add_column("recall", justify="right")
    table.add_column("most often taken for")
    labels, recalls = evaluation.labels, evaluation.per_class
    for i, row in enumerate(evaluation.confusion):
        if labels[i] not in recalls:
            continue
        mistakes = [count if j != i else 0 for j, count in enumerate(row)]
        worst = max(range(len(mistakes)), key=mistakes.__getitem__)
        taken_for = f"{labels[worst]} ({mistakes[worst]})" if mistakes[worst] else ""
        table.add_row(labels[i], f"{recalls[labels[i]]:.1%}", taken_for)
    results.print(table)
    absent, own = differences(labels)
    if absent:
        told = f"Left out, as the model does not have these classes: {', '.join(absent)}."
        results.print(told, soft_wrap=True)
    if own:
        told = f"Its own classes, of which there are no test images: {', '.join(own)}."
        results.print(told, soft_wrap=True)
    size = len(model.read()) / 1024
    results.print(
        f"{evaluation.accuracy:.2%} right ({evaluation.correct:,} of {evaluation.total:,}); "
        f"{size:,.0f} KiB, {provider()[1]}"
    )


def show_json(model: ModelFile, evaluation: Evaluation) -> None:
    """Print the evaluation as JSON."""
    absent, own = differences(evaluation.labels)
    print_evaluation(model, evaluation, {"absent_classes": absent, "own_classes": own})


def print_evaluation(model: ModelFile, evaluation: Evaluation, more: Mapping[str, object]) -> None:
    """Print the fields that every evaluation has as JSON. more: further ones."""
    print_json(
        {
            "model": model.name,
            "labels": evaluation.labels,
            "accuracy": evaluation.accuracy,
            "correct": evaluation.correct,
            "total": evaluation.total,
            "per_class": evaluation.per_class,
            "confusion": evaluation.confusion,
            "size_bytes": len(model.read()),
            "runtime": provider()[1],
            **more,
        }
    )


def show_replay(replay: Replay) -> None:
    """Print how the golden vectors came out."""
    results.print(
        f"{replay.model}: {replay.exact} of {replay.total} golden vectors exact, "
        f"{replay.same_label} with the same class, largest difference {replay.largest_step:.3g} "
        f"{replay.unit}."
    )
    made = f"{replay.made_with}, {_kernels(replay.made_with_delegate)}"
    results.print(f"Here {replay.runtime}, {_kernels(replay.delegate)}; released with {made}.")
    if replay.bound:
        results.print(
            f"Asked for: at most {replay.bound:.3g} {replay.unit} and the same class, but for ties."
        )
    else:
        results.print("Asked for: equal to the last bit, the kernels being those of the release.")
    if replay.mismatches:
        _show_mismatches(replay)


def _show_mismatches(replay: Replay) -> None:
    table = Table(title="Vectors that differ", title_justify="left")
    table.add_column("vector", justify="right")
    table.add_column("class")
    table.add_column("class here")
    table.add_column("farthest output")
    for head in ("released", "here", "distance"):
        table.add_column(head, justify="right")
    for one in replay.mismatches[:_SHOWN_MISMATCHES]:
        numbers = (f"{value:.4g}" for value in (one.expected, one.found, one.distance))
        table.add_row(str(one.index), one.label, one.found_label, one.output, *numbers)
    results.print(table)
    if len(replay.mismatches) > _SHOWN_MISMATCHES:
        results.print(f"and {len(replay.mismatches) - _SHOWN_MISMATCHES} more; all with --json.")


def _kernels(delegate: str | None) -> str:
    if delegate is None:
        return "delegate not recorded"
    return "built-in kernels" if delegate == "none" else f"delegate {delegate}"


def show_replay_json(replay: Replay) -> None:
    """Print the replay as JSON."""
    print_json(dataclasses.asdict(replay) | {"passed": replay.passed})
