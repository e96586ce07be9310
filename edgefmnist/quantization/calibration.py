"""What a released model's certainty is fitted on, and how far it is off.

`edgefmnist.certainty` fits it: on held-out garments, and for what is unknown on these as a camera
shows them against outliers of many kinds (`edgefmnist.augment`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefmnist.augment import camera_like, outlier
from edgefmnist.certainty import Flags
from edgefmnist.dataset import Samples
from edgefmnist.errors import BadInput
from edgefmnist.records import LABELS
from edgefmnist.runtime.classifier import Floats

_OUTLIERS = 2_000
_BINS = 15


def calibration_error(probabilities: Floats, labels: npt.NDArray[np.uint8]) -> float:
    """Expected calibration error, 0..1, of `probabilities` [n, 10].

    Pictures fall into 15 equal bins by the probability of their best class; the error is
    sum over bins of (n_bin / n) |accuracy(bin) - mean confidence(bin)|.

    Source: Guo et al. 2017, section 2, equation 3, with their 15 bins.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence.astype(np.float64), minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def camera_pictures(garments: Samples) -> tuple[npt.NDArray[np.uint8], Flags]:
    """Held-out garments as a camera would show them, followed by outliers; always the same ones.

    Returns: uint8 [n, 28, 28], and which of them are garments [n].
    Raises: BadInput where a class is missing: every one lends its cloth to outliers.
    """
    if len(np.unique(garments.labels)) < len(LABELS):
        raise BadInput(
            f"the {len(garments.labels)} validation pictures do not show all ten classes: "
            "hold out more of them"
        )
    rng = np.random.default_rng(0)
    shown = [
        camera_like(picture, int(label), rng)
        for picture, label in zip(garments.images, garments.labels, strict=True)
    ]
    others = [outlier(garments, rng) for _ in range(_OUTLIERS)]
    return np.stack(shown + others), np.arange(len(shown) + len(others)) < len(shown)
