"""Write the pages about the frontier and draw its plots, from what is recorded.

`frontier.md` and README's table of the bundles, `frontier/search.md` and `frontier/trials.md` of
candidates.

usage: python -m benchmarks.frontier
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullFormatter

from benchmarks import pages
from benchmarks.frontier import search_page, trials_page
from benchmarks.frontier.record import RECORDED
from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.errors import BadInput
from edgefmnist.runtime.models import DEFAULT

_HERE = Path(__file__).parent
_OURS = ("tiny", "edge", "accurate")
_FLOORS = {"tiny": (0.935, 64, 0.35), "edge": (0.946, 192, 1.0), "accurate": (0.954, 800, 6.0)}
"""What we want of each bundle at least: accuracy in int8, KiB, times the latency of `seed-3`."""
_DROP_PP, _AGREEMENT = 0.15, 0.993
"""And of all: points lost to int8 at most, and the same answer as float32 on how many at least."""

_TABLE_BEGINS = "<!-- by python -m benchmarks.frontier -->\n"
_TABLE_ENDS = "\n<!-- to here -->"
"""Around README's table."""


def main() -> None:
    """Write all pages and pictures."""
    search_page.write()
    trials_page.write()
    rows = json.loads(RECORDED.read_text(encoding="utf-8"))
    published = json.loads((_HERE / "published.json").read_text(encoding="utf-8"))
    with files.replacing(pages.HERE / "frontier.png") as scratch:
        _figure(rows, published).savefig(scratch, dpi=100)
    text = (_HERE / "page.md").read_text(encoding="utf-8")
    files.write_text(
        pages.HERE / "frontier.md",
        text.format(
            measured=_measured(rows),
            ours=_bundles(rows),
            floors=_floors(rows),
            published=_published(published),
            source=published["source"],
            findings=(_HERE / "findings.md").read_text(encoding="utf-8").strip(),
        ),
    )
    readme = pages.HERE.parent / "README.md"
    files.write_text(readme, with_table(readme.read_text(encoding="utf-8"), _short(rows)))


def with_table(readme: str, table: str) -> str:
    """README's text with `table` between its marks. Raises: BadInput where these are not found."""
    before, begins, rest = readme.partition(_TABLE_BEGINS)
    _, ends, after = rest.partition(_TABLE_ENDS)
    if not (begins and ends):
        raise BadInput(f"README.md lacks {_TABLE_BEGINS.strip()!r} or {_TABLE_ENDS.strip()!r}")
    return f"{before}{begins}\n{table}\n{ends}{after}"


def _figure(rows: list[dict[str, Any]], published: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(12, 5), layout="constrained")
    by_size, by_latency = figure.subplots(1, 2, sharey=True)
    for axes, cost in ((by_size, _kib), (by_latency, _ratio)):
        for row in rows:
            ours = row["name"] in _OURS
            colour, mark = ("tab:blue", "o") if ours else ("tab:gray", "s")
            _point(axes, cost(row), row, colour, mark, filled=True)
        front = sorted((row for row in rows if row["name"] in _OURS), key=cost)
        axes.plot([cost(r) for r in front], [100 * r["accuracy"] for r in front], "tab:blue")
        for name, (accuracy, kib, ratio) in _FLOORS.items():
            at = kib if cost is _kib else ratio
            axes.plot(at, 100 * accuracy, "+", color="tab:green", markersize=12)
            axes.annotate(f"goal of {name}", (at, 100 * accuracy), **_beside(-8), color="tab:green")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3)
    for point in published["points"]:
        _point(by_size, point["parameters"] / 1024, point, "tab:orange", "^", filled=False)
    by_size.xaxis.set_major_locator(FixedLocator([50, 100, 200, 500, 1000, 2000, 5000, 10000]))
    by_latency.xaxis.set_major_locator(FixedLocator([0.2, 0.5, 1, 2, 5]))
    by_size.set_xlim(35, 40000)
    by_latency.set_xlim(0.2, 14)
    by_size.set_xlabel("KiB (published: one byte for each parameter)")
    by_latency.set_xlabel("latency, times that of seed-3 (int8, one thread)")
    by_size.set_ylabel("accuracy on the 10,000 test images, %")
    by_size.set_title("blue, gray: measured here in int8; orange: published, not in int8")
    return figure


def _point(
    axes: Axes, cost: float, row: dict[str, Any], colour: str, mark: str, *, filled: bool
) -> None:
    face = colour if filled else "none"
    axes.plot(cost, 100 * row["accuracy"], mark, color=colour, markerfacecolor=face)
    # Under ours, above others': so that they keep out of each other's way.
    axes.annotate(row["name"], (cost, 100 * row["accuracy"]), **_beside(-12 if filled else 4))


def _beside(down: int) -> dict[str, Any]:
    return {"xytext": (6, down), "textcoords": "offset points", "fontsize": 8}


def _kib(row: dict[str, Any]) -> float:
    return float(row["size_bytes"]) / 1024


def _ratio(row: dict[str, Any]) -> float:
    return float(row["ratio"])


def _measured(rows: list[dict[str, Any]]) -> str:
    """Which rows were measured in which run."""
    runs: dict[str, list[str]] = {}
    for row in rows:
        runs.setdefault(row["measured"], []).append(f"`{row['name']}`")
    return "; ".join(f"{', '.join(names)} on {run}" for run, names in runs.items())


def _bundles(rows: list[dict[str, Any]]) -> str:
    return pages.table(
        (
            *("bundle", "int8", "float32", "drop, points", "same answer", "KiB", "parameters"),
            *("latency", "photos strict / lenient", "training, minutes"),
            "seeds in float32: median, spread",
        ),
        (
            (
                f"`{row['name']}`",
                f"{row['accuracy']:.2%}",
                f"{row['float_accuracy']:.2%}",
                f"{row['drop_pp']:.2f}",
                f"{row['agreement']:.2%}",
                f"{_kib(row):,.0f}",
                f"{row['parameters']:,}",
                f"{row['ratio']:.2f}",
                _photos(row),
                f"{row['training_minutes']:.0f}",
                _seeds(row),
            )
            for row in _in_order(rows)
        ),
    )


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tutorial's networks, then ours, the smaller ones first."""
    return sorted(rows, key=lambda row: (row["name"] in _OURS, row["size_bytes"]))


def _photos(row: dict[str, Any]) -> str:
    return f"{row['strict']:.2f} / {row['lenient']:.2f}" if row["strict"] is not None else ""


def _short(rows: list[dict[str, Any]]) -> str:
    """README's table: what decides which bundle to take."""
    return pages.table(
        (
            *("bundle", "parameters", "float32", "median of seeds", "int8", "size in int8"),
            *("latency", "photos"),
        ),
        (
            (
                f"`{row['name']}`" + " (default)" * (row["name"] == DEFAULT),
                f"{row['parameters']:,}",
                f"{row['float_accuracy']:.2%}",
                f"{_median(row):.2%} of {len(row['seeds'])}" if len(row["seeds"]) > 1 else "",
                f"{row['accuracy']:.2%}",
                f"{_kib(row):,.0f} KiB",
                f"{row['ratio']:.2f}",
                _photos(row),
            )
            for row in _in_order(rows)
        ),
    )


def _median(row: dict[str, Any]) -> float:
    return float(statistics.median(row["seeds"].values()))


def _seeds(row: dict[str, Any]) -> str:
    reached = row["seeds"].values()
    if len(reached) == 1:
        return "one seed"
    return f"{len(reached)}: {_median(row):.2%}, {100 * (max(reached) - min(reached)):.2f}"


def _floors(rows: list[dict[str, Any]]) -> str:
    ours = ((row, _FLOORS[row["name"]]) for row in rows if row["name"] in _FLOORS)
    return pages.table(
        ("bundle", "accuracy", "KiB", "latency", "drop, points", "same answer"),
        (
            (
                f"`{row['name']}`",
                f"{row['accuracy']:.2%} of {accuracy:.1%}{_met(row['accuracy'] >= accuracy)}",
                f"{_kib(row):.0f} of {kib}{_met(_kib(row) <= kib)}",
                f"{row['ratio']:.2f} of {ratio:g}{_met(row['ratio'] <= ratio)}",
                f"{row['drop_pp']:.2f} of {_DROP_PP}{_met(row['drop_pp'] <= _DROP_PP)}",
                f"{row['agreement']:.2%} of {_AGREEMENT:.1%}{_met(row['agreement'] >= _AGREEMENT)}",
            )
            for row, (accuracy, kib, ratio) in ours
        ),
    )


def _met(met: bool) -> str:
    return "" if met else ", **missed**"


def _published(published: dict[str, Any]) -> str:
    return pages.table(
        ("network", "accuracy", "parameters"),
        (
            (point["name"], f"{point['accuracy']:.1%}", point.get("parameters", ""))
            for point in (*published["points"], *published["without_size"])
        ),
    )


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
