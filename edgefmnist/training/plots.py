"""Pictures of a training: learning curves and the confusion matrix."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from edgefmnist.records import Evaluation
from edgefmnist.training.records import EpochRecord

matplotlib.use("Agg")  # a training often runs where there is no display


def curves(history: tuple[EpochRecord, ...], title: str, path: Path) -> None:
    """Draw accuracy and loss by epoch, training and validation, as a PNG under `path`."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    figure.suptitle(title)
    epochs = [record.epoch for record in history]
    left, right = figure.subplots(1, 2)
    for axes, name in ((left, "accuracy"), (right, "loss")):
        train = [getattr(record, name) for record in history]
        held_out = [getattr(record, f"val_{name}") for record in history]
        style = "o-" if len(epochs) == 1 else "-"
        axes.plot(epochs, train, style, color="tab:blue", label="training")
        axes.plot(epochs, held_out, style, color="tab:orange", label="validation")
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    left.yaxis.set_major_formatter(PercentFormatter(1.0))
    last = history[-1]
    left.set_title(f"last: {last.accuracy:.2%} training, {last.val_accuracy:.2%} validation")
    right.set_title(f"last: {last.loss:.3f} training, {last.val_loss:.3f} validation")
    figure.savefig(path, dpi=120)


def confusion(evaluation: Evaluation, title: str, path: Path) -> None:
    """Draw the confusion matrix with class names, rows the truth, as a PNG under `path`."""
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8.4, 7.4), layout="constrained")
    axes = figure.subplots()
    # The diagonal would wash out the mistakes, which are what one looks for.
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            colour = "white" if shares[row, column] > 0.5 else "black"
            text = str(counts[row, column])
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    ticks = range(len(evaluation.labels))
    axes.set_xticks(ticks, evaluation.labels, rotation=45, ha="right")
    axes.set_yticks(ticks, evaluation.labels)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(f"{title}, {evaluation.accuracy:.2%} right")
    figure.colorbar(picture, ax=axes, label="share of the true class", format=PercentFormatter(1.0))
    figure.savefig(path, dpi=120)
