"""All variants of a model side by side: tables, JSON and a plot."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from edgefmnist import files
from edgefmnist.quantization.records import Comparison, Goal, VariantRow, VariantsResult
from edgefmnist.render.bench.tables import machine_text, show_conditions
from edgefmnist.render.console import print_json, results
from edgefmnist.render.plots import label
from edgefmnist.render.quantization import calibrated_on, frames_fields

_SCORES = ("accuracy", "drop, points\n(95 % interval)", "same\nanswer")


def show(result: VariantsResult) -> None:
    """Print what the variants score and take, and what was chosen why."""
    table = _table(
        f"{result.name} on {result.rows[0].test.quantized_eval.total:,} test images, same runtime",
        ("KiB", *_SCORES, "p50 µs", "windows"),
    )
    for row in result.rows:
        spread = (max(row.windows_us) - min(row.windows_us)) / 2 / row.p50_us
        table.add_row(
            row.variant,
            f"{row.size_bytes / 1024:,.0f}",
            *scores(row.test, row.variant),
            f"{row.p50_us:,.0f}",
            f"±{spread:.0%}",
            style="bold" if _chosen(result, row) else None,
        )
    results.print(table)
    if result.selection is not None:
        _show_choice(result, result.selection.goal)
    for row in result.rows:
        if row.refused and result.selection is None:
            results.print(f"The gate refuses {row.variant} on validation pictures: {row.refused}.")
    results.print(calibrated_on(result.calibration_count, result.frames), soft_wrap=True)
    results.print(
        f"Latency of one picture on one thread: median of {len(result.rows[0].windows_us)} windows "
        "in turns, each in a fresh process, and half their spread."
    )
    show_conditions(result.conditions, result.runtime)
    if result.selection is not None:
        results.print(result.selection.reason, style="bold")
        results.print(f"Bundle written to {result.selection.out}", soft_wrap=True)


def _show_choice(result: VariantsResult, goal: Goal) -> None:
    count = result.rows[0].validation.quantized_eval.total
    table = _table(
        f"{goal}, chosen by {count:,} validation pictures",
        (*_SCORES, "gate"),
    )
    for row in result.rows:
        verdict = "refuses" if row.refused else "passes"
        table.add_row(
            row.variant,
            *scores(row.validation, row.variant),
            "chosen" if _chosen(result, row) else verdict,
            style="bold" if _chosen(result, row) else None,
        )
    results.print(table)


def _table(title: str, heads: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("variant")
    for head in heads:
        table.add_column(Text(head), justify="right")
    return table


def scores(both: Comparison, variant: str) -> tuple[str, str, str]:
    """Accuracy, drop with its interval, and agreement; the last two not of float32."""
    accuracy = f"{both.quantized_eval.accuracy:.2%}"
    if variant == "float32":  # it is what the others are held against
        return accuracy, "", ""
    low, high = both.drop_interval_pp
    return accuracy, f"{both.drop_pp:.2f} ({low:.2f} to {high:.2f})", f"{both.agreement:.2%}"


def _chosen(result: VariantsResult, row: VariantRow) -> bool:
    return result.selection is not None and result.selection.variant == row.variant


def show_json(result: VariantsResult) -> None:
    """Print the same as JSON."""
    chosen = result.selection
    print_json(
        {
            "name": result.name,
            "variants": [_fields(row) for row in result.rows],
            "max_drop_pp": result.max_drop_pp,
            "calibration_count": result.calibration_count,
            "calibration_origin": result.calibration_origin,
            "calibration_frames": frames_fields(result.frames),
            "environment": dataclasses.asdict(result.conditions.before),
            "judgements": [dataclasses.asdict(one) for one in result.conditions.judgements],
            "runtime": result.runtime,
            "selection": chosen
            and {
                "goal": chosen.goal,
                "variant": chosen.variant,
                "reason": chosen.reason,
                "out": str(chosen.out),
                "card": dataclasses.asdict(chosen.card),
            },
        }
    )


def _fields(row: VariantRow) -> dict[str, Any]:
    return {
        "variant": row.variant,
        "size_bytes": row.size_bytes,
        "p50_us": row.p50_us,
        "windows_us": row.windows_us,
        "refused": row.refused,
        "test": _comparison(row.test),
        "validation": _comparison(row.validation),
    }


def _comparison(both: Comparison) -> dict[str, Any]:
    return {
        "accuracy": both.quantized_eval.accuracy,
        "total": both.quantized_eval.total,
        "drop_pp": both.drop_pp,
        "drop_interval_pp": both.drop_interval_pp,
        "agreement": both.agreement,
    }


def plot(result: VariantsResult, path: Path) -> None:
    """Draw accuracy, size and latency of each variant, a row each, into the PNG `path`.

    Accuracy on the validation pictures, with the 95 % interval of the drop against float32, and
    the least that --max-drop allows; latency with its fastest and slowest window.
    Raises: CannotWrite.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    accuracy, size, latency = figure.subplots(1, 3, sharey=True)
    for at, row in enumerate(result.rows):
        colour = "tab:red" if row.refused else "tab:blue"
        colour = "tab:green" if _chosen(result, row) else colour
        both = row.validation
        found, drop = both.quantized_eval.accuracy, both.drop_interval_pp
        bars = [[(drop[1] - both.drop_pp) / 100], [(both.drop_pp - drop[0]) / 100]]
        accuracy.errorbar(
            found, at, fmt="o", color=colour, capsize=3,
            xerr=None if row.variant == "float32" else bars,
        )  # fmt: skip
        size.bar_label(size.barh(at, row.size_bytes / 1024, color=colour), fmt=" {:,.0f}")
        windows = [[row.p50_us - min(row.windows_us)], [max(row.windows_us) - row.p50_us]]
        latency.errorbar(row.p50_us, at, fmt="o", color=colour, capsize=3, xerr=windows)
        latency.annotate(
            f"{row.p50_us:,.0f}", (row.p50_us, at), xytext=(0, 7), textcoords="offset points",
            ha="center", fontsize=9,
        )  # fmt: skip
    reference = result.rows[0].validation.float_eval
    accuracy.axvline(reference.accuracy, color="tab:gray", linestyle="--", linewidth=0.8)
    accuracy.axvline(reference.accuracy - result.max_drop_pp / 100, color="tab:red", linewidth=0.8)
    accuracy.set_yticks(range(len(result.rows)), [row.variant for row in result.rows])
    accuracy.invert_yaxis()
    accuracy.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    accuracy.set_xlabel(f"accuracy on {reference.total:,} validation pictures")
    size.set_xlabel("KiB")
    size.margins(x=0.2)
    latency.margins(x=0.15, y=0.15)
    latency.set_xscale("log")
    latency.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    latency.set_xlabel("median latency of one picture, µs")
    for axes in (accuracy, size, latency):
        axes.grid(axis="x", alpha=0.3)
    chosen = f"; green: {result.selection.goal}, chosen" if result.selection else ""
    figure.suptitle(
        f"{label(result.name)} on {label(machine_text(result.conditions))}; red line: --max-drop "
        f"{result.max_drop_pp:g}{chosen}",
        fontsize=9,
    )
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=110)
