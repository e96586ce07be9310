"""The values that travel between stages: frozen, slotted, keyword-only, units in the names."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # NumPy takes a tenth of a second to import and `--help` does not need it
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

Box = tuple[int, int, int, int]

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

UNKNOWN = "unknown"
"""What is said where no label is."""

_MOST_CANDIDATE = 0.5  # more than this is not asked for, however few the classes
_LEAST_LEAD = 0.05
_LEAST_KNOWN = 0.05


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How one model did on one labelled set.

    confusion: a row for each true class of a count for each predicted class; of one more, of those
        answered `unknown`, where pictures went down the camera's path.
    labels: names of the classes, of rows and columns.
    """

    correct: int
    total: int
    confusion: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...] = LABELS

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy, 0..1."""
        return self.correct / self.total

    @property
    def per_class(self) -> dict[str, float]:
        """Recall of each class by name, 0..1; a class without samples is left out."""
        return {
            self.labels[i]: row[i] / sum(row)
            for i, row in enumerate(self.confusion)
            if sum(row) > 0
        }

    @property
    def per_class_table(self) -> dict[str, dict[str, float]]:
        """Precision, recall and F1 of each class, 0..1, and its number of true samples (support).

        A ratio without samples is 0.
        """
        table = {}
        for i, label in enumerate(self.labels):
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
class ModelInUse:
    """Which model answers. name: for people. labels: its classes in the order of its outputs."""

    name: str
    labels: tuple[str, ...] = LABELS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture from a source.

    pixels: uint8 [height, width, 3] in OpenCV's B, G, R order, 0..255.
    captured_ns: ``time.monotonic_ns()`` at which the frame was received; of rendered scenes, ten
        frames a second after the first.
    index: 0-based number of the frame at its source, counting those that were dropped.
    name: file name where the frame comes from a picture file, else empty.
    true_label: index in `LABELS`, whatever the model's, where the source knows it (the demo), -1
        for an empty scene, else None.
    proven_new: whether its source knows that this is not the frame before once more, though it may
        look the same: a stream whose time went on. A raw camera shows it by its noise only.
    full_size: width and height of a large picture of which `pixels` are a smaller decoding; None
        where they are all there is.
    """

    pixels: npt.NDArray[np.uint8]
    captured_ns: int
    index: int
    name: str = ""
    true_label: int | None = None
    proven_new: bool = False
    full_size: tuple[int, int] | None = None


def box_at(
    box: Box | None, shown: tuple[int, ...], full_size: tuple[int, int] | None
) -> Box | None:
    """A box in a picture of `shown` (height, width, ...), in the pixels of its `full_size`.

    box: x, y, width, height. full_size: width and height; None: the same as shown.
    """
    if box is None or full_size is None:
        return box
    across, down = full_size[0] / shown[1], full_size[1] / shown[0]
    left, top = round(box[0] * across), round(box[1] * down)
    right, bottom = round((box[0] + box[2]) * across), round((box[1] + box[3]) * down)
    return left, top, max(1, right - left), max(1, bottom - top)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model says of one picture.

    Where it does not know, whatever the reason, `label` is ``unknown``, `label_index` -1 and
    `score` 0; `named` and `unsure` build both kinds.

    label, label_index: the class answered, its index among the model's labels. score: its
        calibrated probability, 0..1.
    known: calibrated probability that this is one of the classes, 0..1; 0 when no garment was
        found or the model tells no class from another.
    top: (label, probability) of every class, best first, also of an unknown garment; empty where
        the model was not asked, since no garment was found.
    """

    label: str
    label_index: int
    score: float
    known: float
    top: tuple[tuple[str, float], ...]
    latency_ns: int

    @classmethod
    def named(
        cls,
        *,
        label_index: int,
        known: float,
        top: tuple[tuple[str, float], ...],
        latency_ns: int,
    ) -> Prediction:
        """The first of `top` is the answer. label_index: its place among the model's labels."""
        label, score = top[0]
        return cls(
            label=label,
            label_index=label_index,
            score=score,
            known=known,
            top=top,
            latency_ns=latency_ns,
        )

    @classmethod
    def unsure(
        cls, *, known: float = 0.0, top: tuple[tuple[str, float], ...] = (), latency_ns: int = 0
    ) -> Prediction:
        """It is not known what the picture shows."""
        return cls(
            label=UNKNOWN, label_index=-1, score=0.0, known=known, top=top, latency_ns=latency_ns
        )

    def is_right(self, true_label: int) -> bool:
        """Whether the answer is the class `true_label` of a frame (`Frame`), by name; -1: none."""
        return self.label == (UNKNOWN if true_label < 0 else LABELS[true_label])

    @property
    def unknown(self) -> bool:
        """Whether there is no answer."""
        return self.label_index < 0

    @property
    def candidates(self) -> tuple[tuple[str, float], ...]:
        """At most two (label, probability) worth naming where the answer is unknown.

        Those that stand out from the rest and have twice what a guess would. Of equal probabilities
        there is none, and none where this is hardly one of the classes at all.
        """
        if not self.top or self.known < _LEAST_KNOWN:
            return ()
        least = min(2 / len(self.top), _MOST_CANDIDATE)
        for count in range(min(2, len(self.top) - 1), 0, -1):
            last, following = (score for _, score in self.top[count - 1 : count + 1])
            if last >= least and last - following >= _LEAST_LEAD:
                return self.top[:count]
        return ()


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """What a model says of its own certainty; `BundleCard` explains the names."""

    temperature: float
    known_weight: float
    known_bias: float
    unknown_threshold: float
