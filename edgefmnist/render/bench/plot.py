"""The latency distributions as a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgefmnist import files
from edgefmnist.bench.records import BenchResult
from edgefmnist.render.bench.tables import machine_text, model_text
from edgefmnist.render.plots import label


def plot(result: BenchResult, path: Path) -> None:
    """Draw the share of inferences that were done within a time, a line for each row, as a PNG.

    Raises: CannotWrite.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    shares = np.linspace(0, 1, 2001)
    for row in result.rows:
        words = f"{label(model_text(row))}, threads: {row.threads}, {row.p50_us:,.0f} µs"
        axes.plot(np.quantile(row.latencies_us, shares), shares, label=words)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.tick_params(axis="x", which="both", labelsize=8, rotation=45)
    axes.set_xlim(
        min(row.p50_us for row in result.rows) * 0.7, max(row.p99_us for row in result.rows) * 1.3
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("latency of one picture, microseconds")
    axes.set_ylabel("inferences done")
    axes.set_title(label(machine_text(result.conditions)), fontsize=9)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, title="model and median")
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=120)
