"""The page's plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.photos.curve import Point
from benchmarks.photos.score import OUTSIDE, STRICT, Answer
from edgefmnist import files
from edgefmnist.records import LABELS

_DPI = 90


def plot_curve(halves: Mapping[str, Sequence[Point]], chosen: Point, path: Path) -> None:
    """Draw refusals over garments kept, a line for each of `halves`, and where the default is."""
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    styles = ("-", "--", ":")
    for (name, points), style in zip(halves.items(), styles, strict=False):
        kept = [p.kept for p in points]
        axes.plot(
            kept, [p.refused for p in points], style, color="tab:blue",
            label=f"hat, shorts and skirt, {name}",
        )  # fmt: skip
        axes.plot(
            kept, [p.empty_refused for p in points], style, color="tab:orange",
            label=f"empty scenes, {name}",
        )  # fmt: skip
    axes.plot([chosen.kept] * 2, [chosen.refused, chosen.empty_refused], "o", color="black",
              label=f"the default threshold, {chosen.threshold:.2f}, all photos")  # fmt: skip
    axes.set_xlim(0.4, 1.005)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("garments kept (mean over seven folders)")
    axes.set_ylabel("refused as unknown")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize=8)
    _save(figure, path)


def plot_confusion(answers: Sequence[Answer], threshold: float, path: Path) -> None:
    """Draw how each folder was answered: a row a folder, in percent of its photos."""
    folders, columns = (*STRICT, *OUTSIDE), (*LABELS, "unknown")
    counts = np.zeros((len(folders), len(columns)))
    for one in answers:
        said = len(LABELS) if one.refused(threshold) else LABELS.index(one.label)
        counts[folders.index(one.folder), said] += 1
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if share:
            right = columns[column] in STRICT.get(folders[row], {"unknown"})
            axes.text(
                column, row, f"{share:.0%}", ha="center", va="center", fontsize=9,
                color="white" if share > 0.5 else "black", weight="bold" if right else "normal",
            )  # fmt: skip
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(folders)), folders)
    axes.axhline(len(STRICT) - 0.5, color="black", linewidth=1)
    axes.set_xlabel("answer at the default threshold (bold: right, strictly)")
    axes.set_ylabel("folder of the photo")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=_DPI)
