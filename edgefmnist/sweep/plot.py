"""The picture of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from edgefmnist.sweep.records import Cost, Ranked

matplotlib.use("Agg")

_LABELLED = 12
"""Points that get their names; more cannot be read."""


def pareto(ranked: Sequence[Ranked], cost: Cost, path: Path) -> None:
    """Draw validation accuracy over cost with the Pareto front, as a PNG under `path`.

    ranked: from the most accurate down. Bars are the spread over seeds.
    """

    def paid(one: Ranked) -> float:
        return one.macs / 1e6 if cost == "macs" else one.seconds / 60

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(
        [paid(one) for one in ranked],
        [one.val_accuracy for one in ranked],
        yerr=[one.spread / 2 for one in ranked],
        fmt="o",
        color="tab:blue",
        capsize=3,
    )
    front = sorted((one for one in ranked if one.pareto), key=paid)
    axes.step(
        [paid(one) for one in front],
        [one.val_accuracy for one in front],
        where="post",
        color="tab:orange",
        label="Pareto front",
    )
    for one in ranked[:_LABELLED]:
        at = paid(one), one.val_accuracy
        axes.annotate(
            one.name,
            at,
            xytext=(5, 4),
            textcoords="offset points",
            fontsize=8,
            annotation_clip=True,
        )
    axes.set_xlabel(
        "million multiply-accumulates" if cost == "macs" else "minutes of training for one trial"
    )
    axes.set_ylabel("validation accuracy, median over seeds")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    axes.margins(x=0.25, y=0.1)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
