"""What counts as right: the folders' classes, the two halves, strict and lenient."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from statistics import mean

import numpy as np
import numpy.typing as npt

STRICT = {
    "dress": {"Dress"},
    "longsleeve": {"Pullover"},
    "outwear": {"Coat"},
    "pants": {"Trouser"},
    "shirt": {"Shirt"},
    "shoes": {"Sandal", "Sneaker", "Ankle boot"},
    "t-shirt": {"T-shirt/top"},
}
"""The answers that are right for a folder of garments."""

LENIENT = STRICT | {
    "longsleeve": {"Pullover", "Shirt", "Coat"},
    "outwear": {"Coat", "Pullover", "Shirt"},
    "shirt": {"Shirt", "Pullover", "Coat"},
    "t-shirt": {"T-shirt/top", "Shirt"},
}
"""The same with the answers that a person could give too."""

OUTSIDE = ("hat", "shorts", "skirt")
"""Folders of what Fashion-MNIST does not know: the right answer is `unknown`."""

EMPTY = "empty"
"""Stands for a folder in the answers to rendered scenes without a garment."""


def in_tuning_half(name: str) -> bool:
    """Whether the photo of this file name may be looked at and tuned on."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the camera's path said of one picture, before any threshold.

    folder, name: where the photo is; name is empty for a rendered scene.
    label: the best class; found: whether a garment stood out, else the whole picture was judged.
    known: 0..1, what the unknown threshold is compared with.
    picture: uint8 [28, 28], what the model saw.
    """

    folder: str
    name: str
    label: str
    found: bool
    known: float
    picture: npt.NDArray[np.uint8]
    preprocess_ns: int

    def refused(self, threshold: float | None) -> bool:
        """Whether it is answered `unknown` under `threshold` (0..1; None: never)."""
        return threshold is not None and (not self.found or self.known < threshold)

    def right(self, kinds: dict[str, set[str]], threshold: float | None) -> bool:
        """Whether the label is among `kinds` of its folder, and stood by."""
        return self.label in kinds[self.folder] and not self.refused(threshold)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shares 0..1 by folder; empty where there is no such folder.

    strict, lenient: right; kept: not `unknown`; all three of the garments' folders.
    refused: `unknown`, of the folders outside Fashion-MNIST. counts: photos.
    """

    strict: dict[str, float]
    lenient: dict[str, float]
    kept: dict[str, float]
    refused: dict[str, float]
    counts: dict[str, int]

    def margin(self, shares: dict[str, float]) -> float:
        """Half the 95 % interval of the folders' mean, from the spread within the folders."""
        variances = [share * (1 - share) / self.counts[f] for f, share in shares.items()]
        return 1.96 * math.sqrt(sum(variances)) / len(variances)


def score(answers: Sequence[Answer], threshold: float | None) -> Score:
    """Score answers to photos; each folder counts the same in means over them."""
    folders = {name: [one for one in answers if one.folder == name] for name in (*STRICT, *OUTSIDE)}
    garments = {name: folders[name] for name in STRICT if folders[name]}
    outside = {name: folders[name] for name in OUTSIDE if folders[name]}
    return Score(
        strict={f: mean(a.right(STRICT, threshold) for a in own) for f, own in garments.items()},
        lenient={f: mean(a.right(LENIENT, threshold) for a in own) for f, own in garments.items()},
        kept={f: mean(not a.refused(threshold) for a in own) for f, own in garments.items()},
        refused={f: mean(a.refused(threshold) for a in own) for f, own in outside.items()},
        counts={name: len(own) for name, own in folders.items()},
    )


def share_refused(answers: Sequence[Answer], threshold: float | None) -> float:
    """Share of the answers that are `unknown`, 0..1."""
    return mean(one.refused(threshold) for one in answers)


def macro(shares: dict[str, float]) -> float:
    """Mean over folders; NaN of none."""
    return mean(shares.values()) if shares else math.nan
