"""All variants of a model side by side: tables, JSON and a plot."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from edgefmnist import files
from edgefmnist.quantization.records import Comparison, Goal, VariantRow, VariantsResult
from edgefmnist.render.bench.tables import machine_text, show_conditions
from edgefmnist.render.console import finished, print_json, results
from edgefmnist.render.quantization import calibrated_on, frames_fields, try_it

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCORES = ("accuracy", "drop, points\n(95 % interval)", "same\nanswer")


def show(result: VariantsResult) -> None:
    """Print what the variants score and take, and what was chosen why."""
    timed = ("p50 µs", "rounds") if result.conditions else ()
    table = _table(
        f"{result.name} on {result.rows[0].test.quantized_eval.total:,} test images, same runtime",
        ("KiB", *_SCORES, *timed),
    )
    for row in result.rows:
        table.add_row(
            row.variant,
            f"{row.size_bytes / 1024:,.0f}",
            *scores(row.test, row.variant),
            *(_latency(row) if timed else ()),
            style="bold" if _chosen(result, row) else None,
        )
    results.print(table)
    if result.selection is not None:
        _show_choice(result, result.selection.goal)
    for row in result.rows:
        if row.refused and result.selection is None:
            results.print(f"The gate refuses {row.variant} on validation pictures: {row.refused}.")
    results.print(calibrated_on(result.calibration_count, result.frames), soft_wrap=True)
    if result.conditions is None:
        results.print("Latencies were not measured: add --latency.")
    else:
        results.print(
            "Latency of one picture on one thread: median of rounds in which the variants take "
            "turns, each in a fresh process; their number and half their spread."
        )
        show_conditions(result.conditions, result.runtime)
    if result.selection is not None:
        results.print(result.selection.reason, style="bold")


def _latency(row: VariantRow) -> tuple[str, str]:
    spread = (max(row.windows_us) - min(row.windows_us)) / 2 / row.p50_us
    return f"{row.p50_us:,.0f}", f"{len(row.windows_us)}, ±{spread:.0%}"


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


def end(result: VariantsResult, plotted: Path | None, *, as_json: bool) -> None:
    """Name the files written, once they all are."""
    out = None if result.selection is None else result.selection.out
    words = () if out is None else try_it(out)
    finished((out, plotted), next_words=words, as_json=as_json)


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
            "environment": result.conditions and dataclasses.asdict(result.conditions.before),
            "judgements": [
                dataclasses.asdict(one)
                for one in (result.conditions.judgements if result.conditions else ())
            ],
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
        "p50_us": row.p50_us if row.windows_us else None,
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
    """Draw accuracy, size and, where it was measured, latency of each variant into the PNG `path`.

    The figures of the table: accuracy on the test pictures, with the 95 % interval of the drop
    against float32, and the least that --max-drop allows; latency with its fastest and slowest
    round. Raises: CannotWrite.
    """
    from matplotlib.figure import Figure

    timed = result.conditions is not None
    figure = Figure(figsize=(11 if timed else 8, 3.2), layout="constrained")
    axes = figure.subplots(1, 3 if timed else 2, sharey=True)
    _draw_accuracy(axes[0], result)
    for at, row in enumerate(result.rows):
        bar = axes[1].barh(at, row.size_bytes / 1024, color=_colour(result, row))
        axes[1].bar_label(bar, fmt=" {:,.0f}")
    axes[1].set_xlabel("KiB")
    axes[1].margins(x=0.2)
    if timed:
        _draw_latency(axes[2], result)
    for one in axes:
        one.grid(axis="x", alpha=0.3)
    on = f" on {machine_text(result.conditions)}" if result.conditions else ""
    chosen = f"; green: {result.selection.goal}, chosen" if result.selection else ""
    figure.suptitle(
        f"{result.name}{on}; red line: --max-drop {result.max_drop_pp:g}{chosen}", fontsize=9
    )
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=110)


def _colour(result: VariantsResult, row: VariantRow) -> str:
    if _chosen(result, row):
        return "tab:green"
    return "tab:red" if row.refused else "tab:blue"


def _draw_accuracy(axes: Axes, result: VariantsResult) -> None:
    from matplotlib.ticker import PercentFormatter

    for at, row in enumerate(result.rows):
        both, (low, high) = row.test, row.test.drop_interval_pp
        bars = [[(high - both.drop_pp) / 100], [(both.drop_pp - low) / 100]]
        axes.errorbar(
            both.quantized_eval.accuracy, at, fmt="o", color=_colour(result, row), capsize=3,
            xerr=None if row.variant == "float32" else bars,
        )  # fmt: skip
    reference = result.rows[0].test.float_eval
    axes.axvline(reference.accuracy, color="tab:gray", linestyle="--", linewidth=0.8)
    axes.axvline(reference.accuracy - result.max_drop_pp / 100, color="tab:red", linewidth=0.8)
    axes.set_yticks(range(len(result.rows)), [row.variant for row in result.rows])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    axes.set_xlabel(f"accuracy on {reference.total:,} test pictures")


def _draw_latency(axes: Axes, result: VariantsResult) -> None:
    from matplotlib.ticker import StrMethodFormatter

    for at, row in enumerate(result.rows):
        rounds = [[row.p50_us - min(row.windows_us)], [max(row.windows_us) - row.p50_us]]
        axes.errorbar(row.p50_us, at, fmt="o", color=_colour(result, row), capsize=3, xerr=rounds)
        axes.annotate(
            f"{row.p50_us:,.0f}", (row.p50_us, at), xytext=(0, 7), textcoords="offset points",
            ha="center", fontsize=9,
        )  # fmt: skip
    axes.margins(x=0.15, y=0.15)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("median latency of one picture, µs")
