"""The error of each layer as a table, a plot and JSON."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rich.table import Table

from edgefmnist import files
from edgefmnist.quantization.records import LayersResult, LeftInFloat
from edgefmnist.render.console import print_json, results
from edgefmnist.render.plots import label

_KIB = 1024


def show(result: LayersResult) -> None:
    """Print a row for each operator, and what leaving the worst in float would buy."""
    places = {row.tensor: place for place, row in enumerate(result.worst, 1)}
    table = Table(title=f"{result.name}: error of each layer in int8", title_justify="left")
    table.add_column("worst", justify="right")
    table.add_column("layer")
    table.add_column("operator")
    for head in ("SQNR dB", "accumulated", "saturated"):
        table.add_column(head, justify="right")
    for row in result.rows:
        table.add_row(
            str(places.get(row.tensor, "")),
            row.layer,
            row.op,
            decibels(row.sqnr_db),
            decibels(row.accumulated_sqnr_db),
            f"{row.saturated:.3%}",
            style="bold" if row.tensor in places else "",
        )
    results.print(table)
    results.print(
        f"On {result.pictures:,} validation pictures, calibrated on {result.calibration_count:,}. "
        "SQNR: of the operator alone, given the same int8 input. accumulated: against float32 "
        "since the input. saturated: values cut off by more than a step."
    )
    results.print()
    _show_kept(result)


def _show_kept(result: LayersResult) -> None:
    table = Table(title="With layers left in float32", title_justify="left")
    table.add_column("layers", overflow="fold")
    for head in ("agreement", "gain pp", "interval", "drop pp", "KiB"):
        table.add_column(head, justify="right")
    for one in (result.throughout, *result.kept):
        low, high = one.gain_interval_pp
        table.add_row(
            names(one),
            f"{one.agreement:.2%}",
            *((f"{one.gain_pp:+.2f}", f"{low:+.2f} to {high:+.2f}") if one.layers else ("", "")),
            f"{one.drop_pp:.2f}",
            f"{one.size_bytes / _KIB:,.0f}",
        )
    results.print(table)
    results.print(
        f"agreement: answers as in float32, on {result.validation_count:,} validation pictures. "
        f"interval: of the gain; all {len(result.kept)} hold at once in 95 of 100 cases."
    )
    results.print(suggestion(result))


def suggestion(result: LayersResult) -> str:
    """What the measurement says of leaving a layer in float, in a sentence."""
    best = result.suggested
    if best is None:
        return "Leaving the worst layers in float changes nothing beyond chance."
    return (
        f"Leaving {', '.join(best.layers)} in float raises the agreement by {best.gain_pp:.2f} "
        f"points for {(best.size_bytes - result.throughout.size_bytes) / _KIB:,.0f} KiB more: "
        f"edgefmnist quantize RUN{''.join(f' --keep-float {layer}' for layer in best.layers)}"
    )


def names(one: LeftInFloat) -> str:
    """The layers left in float, for a cell of a table."""
    if len(one.layers) > 2:
        return f"these {len(one.layers)}"
    return ", ".join(one.layers) or "none"


def show_json(result: LayersResult) -> None:
    """Print the same as JSON."""
    suggested = result.suggested
    print_json(
        dataclasses.asdict(result) | {"suggested": None if suggested is None else suggested.layers}
    )


def decibels(value: float | None) -> str:
    """A ratio in decibels for people."""
    return "exact" if value is None else f"{value:.1f}"


def plot(result: LayersResult, path: Path) -> None:
    """Draw both errors of each operator and its saturated values as a PNG, input on top.

    Raises: CannotWrite.
    """
    from matplotlib.figure import Figure

    rows = result.rows
    height = 1.6 + 0.28 * len(rows)
    figure = Figure(figsize=(9, height), layout="constrained")
    errors, cut = figure.subplots(ncols=2, sharey=True, width_ratios=(3, 1))
    places = range(len(rows))
    worst = {row.tensor for row in result.worst}
    local = [row.sqnr_db for row in rows]
    errors.barh(
        places,
        [value or 0 for value in local],
        color=["tab:red" if row.tensor in worst else "tab:blue" for row in rows],
        height=0.65,
    )
    for place, value in zip(places, local, strict=True):
        errors.text(
            (value or 0) + 0.5, place, decibels(value), va="center", fontsize=7, color="0.25"
        )
    errors.plot(
        [row.accumulated_sqnr_db for row in rows],
        places,
        "o",
        color="black",
        markersize=4,
        linestyle="none",
    )
    errors.set_yticks(places, [label(f"{row.layer}  {row.op.lower()}") for row in rows], fontsize=8)
    errors.invert_yaxis()
    errors.set_xlim(0, 1.12 * max((value or 0 for value in local), default=1))
    errors.set_xlabel("signal-to-quantization-noise ratio, dB: more is better")
    errors.set_title(
        "bars: each operator alone, the five worst in red; dots: accumulated since the input",
        fontsize=8,
        loc="left",
    )
    cut.barh(places, [100 * row.saturated for row in rows], color="tab:orange", height=0.65)
    cut.set_xlim(0, max(0.01, 115 * max(row.saturated for row in rows)))
    cut.set_xlabel("values cut off, %")
    for axes in (errors, cut):
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
    title = f"{label(result.name)} in int8, {result.pictures:,} validation pictures"
    figure.suptitle(title, fontsize=10)
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=120)
