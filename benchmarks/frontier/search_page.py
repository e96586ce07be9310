"""Write `search.md` and its plot from what `search.py` measured."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullFormatter

from benchmarks import pages
from edgefmnist import files

RECORDED = Path(__file__).parent / "search.json"
BASE = "seed-3"
"""What latencies are held against."""

_BODY = """\
Measured with {runtime} on {cpu}: one thread, networks taking turns in one run, ratios to `{base}`
in int8. The networks are untrained; latency does not depend on the weights. On another processor
the ratios differ: measure there with `edgefmnist bench`.

![latency over multiply-accumulates](../pictures/search.png)

{findings}

{table}

A name says the block, the stem, the widths of the stages and how many blocks of each, and the
stem's width where the first stage has another (*behind 24*). Stems: a 3x3 at *28x28*; a strided
*3x3* or *5x5*; *s2d*, space-to-depth and a 3x3; *full*, a 3x3 at 28x28 and a strided one. The
first stage keeps the side that its stem leaves (28 behind the first, 14 behind the others) unless
the name says *from 14x14*; each next one halves it.
"""


def write() -> None:
    """Write the page and the plot."""
    told = json.loads(RECORDED.read_text(encoding="utf-8"))
    rows = told["rows"]
    body = _BODY.format(
        runtime=told["runtime"],
        cpu=told["environment"]["cpu"],
        base=BASE,
        findings=_findings({row["name"]: row for row in rows}),
        table=_table(rows),
    )
    pages.write("frontier/search", "Candidate networks: int8 latency, measured", body)
    with files.replacing(pages.HERE / "pictures" / "search.png") as scratch:
        _figure(rows).savefig(scratch, dpi=90)


def _findings(rows: dict[str, dict[str, Any]]) -> str:
    """What the table shows, in figures of this run."""

    def times(one: str, other: str, key: str = "ratio") -> str:
        return f"{rows[one][key] / rows[other][key]:.2f}"

    def pace(*names: str) -> float:
        return statistics.median(rows[name]["ratio"] / rows[name]["macs"] for name in names)

    def kind(block: str) -> float:
        return pace(*(name for name in rows if name.startswith(f"{block} 3x3")))

    usual = kind("residual")
    narrow, wide = pace("residual 3x3 16-32 x2"), pace("residual 3x3 64-128 x2")
    small = "residual 3x3 32-64-128 x1"
    two, three = "residual 3x3 48-96 x1", "residual 3x3 24-48-96 x1"
    findings = (
        "**Multiply-accumulates mislead.** Beside residual networks, in the median of each kind, "
        f"one takes {kind('plain') / usual:.2f} times as long in plain ones, "
        f"{kind('depthwise') / usual:.2f} in depthwise ones (MobileNet) and "
        f"{kind('inverted') / usual:.2f} in inverted ones (MobileNetV2).",
        f"**Thin layers are slow.** One takes {narrow / wide:.2f} times as long in `16-32 x2` as "
        "in `64-128 x2`.",
        f"**Stems and activation.** Beside `{small}`: a layer at 28x28 first "
        f"{times('residual full 32-64-128 x1', small)} times its latency, a strided 5x5 "
        f"{times('residual 5x5 32-64-128 x1', small)}, space-to-depth "
        f"{times('residual s2d 32-64-128 x1', small)}, ReLU6 {times(small + ' relu6', small)}.",
        "**Two stages or three.** Parameters sit in the last stage. At "
        f"{rows[two]['parameters']:,} parameters `48-96 x1` does {times(two, three, 'macs')} times "
        f"the computation of `24-48-96 x1`, of {rows[three]['parameters']:,}, in "
        f"{times(two, three)} times its time.",
    )
    return "\n".join(f"- {finding}" for finding in findings)


def _table(rows: list[dict[str, Any]]) -> str:
    return pages.table(
        ("network", "parameters", "KiB", "M MACs", "p50 us", "ratio"),
        (
            (
                row["name"],
                f"{row['parameters']:,}",
                f"{row['size_bytes'] / 1024:.0f}",
                f"{row['macs'] / 1e6:.1f}",
                f"{row['p50_us']:.0f}",
                f"{row['ratio']:.2f}",
            )
            for row in sorted(rows, key=lambda row: row["ratio"])
        ),
    )


def _figure(rows: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    for kind in ("residual", "plain", "depthwise", "inverted", BASE):
        those = [row for row in rows if row["name"].startswith(kind)]
        axes.plot(
            [row["macs"] / 1e6 for row in those],
            [row["ratio"] for row in those],
            "o",
            label=kind,
        )
    for scale, axis, ticks in (
        (axes.set_xscale, axes.xaxis, (1, 2, 5, 10, 20, 50)),
        (axes.set_yscale, axes.yaxis, (0.2, 0.5, 1, 2, 5)),
    ):
        scale("log")
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FormatStrFormatter("%g"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("million multiply-accumulates")
    axes.set_ylabel("int8 latency, times that of seed-3")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    return figure
