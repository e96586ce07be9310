"""The values that travel between stages: frozen, slotted, keyword-only, units in the names."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # NumPy takes a tenth of a second to import and `--help` does not need it
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""Class names of Fashion-MNIST in label order (Xiao et al. 2017, table 2)."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How one model did on one labelled set.

    confusion: ten rows (true class) of ten counts (predicted class).
    """

    correct: int
    total: int
    confusion: tuple[tuple[int, ...], ...]

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy, 0..1."""
        return self.correct / self.total

    @property
    def per_class(self) -> dict[str, float]:
        """Recall of each class by name, 0..1; a class without samples is left out."""
        return {
            LABELS[i]: row[i] / sum(row) for i, row in enumerate(self.confusion) if sum(row) > 0
        }

    @property
    def per_class_table(self) -> dict[str, dict[str, float]]:
        """Precision, recall and F1 of each class, 0..1, and its number of true samples (support).

        A ratio without samples is 0.
        """
        table = {}
        for i, label in enumerate(LABELS):
            hits, support = self.confusion[i][i], sum(self.confusion[i])
            predicted = sum(row[i] for row in self.confusion)
            table[label] = {
                "precision": round(hits / max(predicted, 1), 4),
                "recall": round(hits / max(support, 1), 4),
                "f1": round(2 * hits / max(support + predicted, 1), 4),
                "support": support,
            }
        return table


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture from a source.

    pixels: uint8 [height, width, 3] in OpenCV's B, G, R order, 0..255.
    captured_ns: ``time.monotonic_ns()`` at which the frame was received; of rendered scenes, ten
        frames a second after the first.
    index: 0-based number of the frame at its source, counting those that were dropped.
    name: file name where the frame comes from a picture file, else empty.
    true_label: label index where the source knows it (the demo), -1 for an empty scene, else None.
    """

    pixels: npt.NDArray[np.uint8]
    captured_ns: int
    index: int
    name: str = ""
    true_label: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model says of one picture.

    label, label_index: the best class, also where `unknown` declines to stand by it.
    score: calibrated probability of the best class, 0..1; 0 when no garment was found.
    known: calibrated probability that this is one of the ten classes, 0..1; 0 likewise.
    unknown: true when no garment was found or `known` is under the threshold.
    top: (label, probability) of every class, best first.
    """

    label: str
    label_index: int
    score: float
    known: float
    unknown: bool
    top: tuple[tuple[str, float], ...]
    latency_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GarmentFrames:
    """A folder of somebody's own frames, as the camera's path prepares them.

    pictures: uint8 [n, 28, 28], one for each frame in which a garment was found, in name order.
    empty: frames in which none was; unreadable: picture files that could not be decoded.
    """

    folder: Path
    pictures: npt.NDArray[np.uint8]
    empty: int
    unreadable: int
