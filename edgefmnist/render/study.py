"""The calibration study: a table, what to do, JSON and a plot."""

from __future__ import annotations

import dataclasses
import statistics
from pathlib import Path

from rich.table import Table
from rich.text import Text

from edgefmnist import files
from edgefmnist.quantization.records import Comparison
from edgefmnist.quantization.study import UNSTEADY, RangePair, StudyPoint, StudyResult
from edgefmnist.render.console import print_json, results
from edgefmnist.render.plots import label

_NAMED = 5


def show(result: StudyResult) -> None:
    """Print accuracy and ranges for each number of pictures, and what follows."""
    reference = result.float_eval
    table = Table(
        title=f"int8 {result.name} on {reference.total:,} validation pictures; float32 has "
        f"{reference.accuracy:.2%}",
        title_justify="left",
    )
    for head in ("pictures", "accuracy", "lowest to\nhighest", "drop,\npoints", "same\nanswer"):
        table.add_column(Text(head), justify="right")
    table.add_column(Text(f"ranges\n>{UNSTEADY:.0%} apart"), justify="right")
    table.add_column(Text("most\napart"), justify="right")
    for count, pairs in result.ranges.items():
        points = _points(result, count)
        reached = [one.quantized_eval.accuracy for one in points]
        table.add_row(
            f"{count:,}",
            f"{statistics.mean(reached):.2%}",
            f"{100 * min(reached):.2f} to {100 * max(reached):.2f}",
            f"{statistics.mean(one.drop_pp for one in points):.2f}",
            f"{statistics.mean(one.agreement for one in points):.2%}",
            f"{len(result.flagged(count))} of {len(pairs)}",
            f"{_widest(pairs).difference:.0%}",
        )
    results.print(table)
    subsets = len(_points(result, max(result.ranges)))
    results.print(f"Mean, lowest and highest of {subsets} subsets that share no picture.")
    results.print(lossless_text(result))
    _show_ranges(result)


def _show_ranges(result: StudyResult) -> None:
    """Name the ranges that hang on the choice of pictures, at the most pictures tried."""
    most = max(result.ranges)
    flagged = result.flagged(most)
    if flagged:
        table = Table(title=f"Ranges that differ, {most:,} pictures each", title_justify="left")
        table.add_column("layer")
        for head in ("one subset", "the other", "apart"):
            table.add_column(head, justify="right")
        for pair in flagged[:_NAMED]:
            table.add_row(
                f"{pair.layer} ({pair.op.lower()})",
                *(f"{low:.3g} to {high:.3g}" for low, high in (pair.first, pair.second)),
                f"{pair.difference:.0%}",
            )
        results.print(table)
        if len(flagged) > _NAMED:
            results.print(f"{len(flagged) - _NAMED} more; --json has all.")
    results.print(steady_text(result))


def lossless_text(result: StudyResult) -> str:
    """From how many pictures on int8 loses nothing that shows, in a sentence."""
    known = f"A drop is known to ±{_half_interval_pp(result):.2f} points (95 % interval): "
    if result.lossless_from is None:
        return f"{known}{max(result.ranges):,} pictures still lose more than chance."
    return f"{known}from {result.lossless_from:,} pictures on none is more than chance."


def steady_text(result: StudyResult) -> str:
    """From how many pictures on the ranges are steady, or what to do about it."""
    if result.steady_from is None:
        return (
            f"At {max(result.ranges):,} pictures some steps still hang on which were drawn. Where "
            "that costs accuracy: quantize --calibration-samples with more of them, --keep-float "
            "LAYER, or --variant int16x8."
        )
    return (
        f"From {result.steady_from:,} pictures on no range differs by more than {UNSTEADY:.0%} "
        "between two subsets."
    )


def show_json(result: StudyResult) -> None:
    """Print all points and all ranges as JSON."""
    print_json(
        {
            "name": result.name,
            "runtime": result.runtime,
            "validation_count": result.float_eval.total,
            "float_accuracy": result.float_eval.accuracy,
            "points": [_point(point) for point in result.points],
            "ranges": {
                str(count): [
                    dataclasses.asdict(pair) | {"difference": pair.difference} for pair in pairs
                ]
                for count, pairs in result.ranges.items()
            },
            "unsteady_over": UNSTEADY,
            "flagged": {
                str(count): [pair.layer for pair in result.flagged(count)]
                for count in result.ranges
            },
            "steady_from": result.steady_from,
            "lossless_from": result.lossless_from,
        }
    )


def _point(point: StudyPoint) -> dict[str, object]:
    both = point.comparison
    return {
        "count": point.count,
        "subset": point.subset,
        "accuracy": both.quantized_eval.accuracy,
        "drop_pp": both.drop_pp,
        "drop_interval_pp": both.drop_interval_pp,
        "agreement": both.agreement,
    }


def _points(result: StudyResult, count: int) -> list[Comparison]:
    return [point.comparison for point in result.points if point.count == count]


def _half_interval_pp(result: StudyResult) -> float:
    """Half the 95 % interval of a drop, the mean over all points."""
    intervals = [point.comparison.drop_interval_pp for point in result.points]
    return statistics.mean(high - low for low, high in intervals) / 2


def _widest(pairs: tuple[RangePair, ...]) -> RangePair:
    return max(pairs, key=lambda pair: pair.difference)


def plot(result: StudyResult, path: Path) -> None:
    """Draw accuracy and the steadiness of ranges over the number of pictures into the PNG `path`.

    Raises: CannotWrite.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    counts = list(result.ranges)
    figure = Figure(figsize=(11, 4), layout="constrained")
    accuracy, apart = figure.subplots(1, 2)
    accuracy.plot(
        [point.count for point in result.points],
        [100 * point.comparison.quantized_eval.accuracy for point in result.points],
        "o", color="tab:blue", alpha=0.6, label="a subset of the training pictures",
    )  # fmt: skip
    means = [
        statistics.mean(100 * one.quantized_eval.accuracy for one in _points(result, count))
        for count in counts
    ]
    accuracy.plot(counts, means, color="tab:blue", label="mean")
    float32, chance = 100 * result.float_eval.accuracy, _half_interval_pp(result)
    accuracy.axhline(float32, color="tab:gray", linestyle="--", label="float32")
    accuracy.axhspan(
        float32 - chance, float32 + chance, color="tab:gray", alpha=0.15,
        label="no different from float32 (95 % interval)",
    )  # fmt: skip
    accuracy.set_ylabel(f"accuracy on {result.float_eval.total:,} validation pictures, %")
    accuracy.legend(fontsize=8)
    for at, pairs in result.ranges.items():
        apart.plot(
            [at] * len(pairs), [p.difference for p in pairs], "o", color="tab:blue", alpha=0.4
        )
    apart.axhline(UNSTEADY, color="tab:red", linewidth=0.8, label=f"{UNSTEADY:.0%}: flagged above")
    apart.set_ylabel("range of a tensor, difference of two subsets")
    apart.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    apart.legend(fontsize=8)
    for axes in (accuracy, apart):
        axes.set_xscale("log")
        axes.set_xticks(counts, minor=False)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.minorticks_off()
        axes.set_xlabel("calibration pictures")
        axes.grid(alpha=0.3)
    figure.suptitle(f"Calibration of {label(result.name)} in int8", fontsize=10)
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=110)
