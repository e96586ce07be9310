"""Fitting what the released model says of its own certainty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefmnist.runtime.classifier import Floats, softmax

_KEPT = 0.99
"""Share of held-out garments that the unknown threshold lets pass."""


def temperature(logits: Floats, labels: npt.NDArray[np.uint8]) -> float:
    """The temperature under which `labels` [n] are likeliest given `logits` [n, 10].

    A search over 0.05..20 in steps of 1 %: the negative log-likelihood has one minimum, and
    finer than that nobody can tell.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
    """
    candidates = np.geomspace(0.05, 20.0, 600)
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(softmax(logits / value)[rows, labels], 1e-12)).mean()
        for value in candidates
    ]
    return round(float(candidates[int(np.argmin(losses))]), 4)


def unknown_threshold(scores: Floats) -> float:
    """The best score under which the least certain 1 % of held-out garments fall.

    scores: calibrated probabilities [n, 10]. Source of the score: maximum softmax probability,
    Hendrycks and Gimpel 2017, "A Baseline for Detecting Misclassified and Out-of-Distribution
    Examples in Neural Networks".
    """
    return round(float(np.quantile(scores.max(axis=1), 1 - _KEPT)), 4)
