"""What a model says of its own certainty, fitted on what it answered.

Two things are told apart: which of its classes a picture shows (softmax under a temperature), and
whether it is any of them at all (a logistic curve over the best logit).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.runtime.classifier import Floats, sigmoid

KEPT = 0.92
"""Share of held-out garments, changed as a camera would, that the unknown threshold lets pass."""
_NEWTON_STEPS = 50

Flags = npt.NDArray[np.bool_]


def temperature(logits: Floats, labels: npt.NDArray[np.integer[Any]]) -> float:
    """The temperature under which `labels` [n] are likeliest given `logits` [n, 10].

    Halving of 0.05..20 in steps of 1 %: the negative log-likelihood is convex in 1 / temperature,
    and finer than that nobody can tell.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
    """
    candidates = np.geomspace(0.05, 20.0, 600)
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        here, next_to_it = (loss(logits / candidates[at], labels) for at in (middle, middle + 1))
        low, high = (middle + 1, high) if next_to_it < here else (low, middle)
    return round(float(candidates[low]), 4)


def loss(logits: npt.NDArray[Any], labels: npt.NDArray[np.integer[Any]]) -> float:
    """Mean cross-entropy of `labels` [n] under the softmax of `logits` [n, 10], in nats."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    told = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(told.mean())


def known_curve(logits: Floats, garment: Flags) -> tuple[float, float]:
    """Weight and bias of the logistic curve from the best logit to "one of the ten".

    The best logit tells as well as the free energy, log sum exp of the logits, and goes for models
    that end in a softmax too. A model that is surer of outliers than of garments, as those are that
    never saw any, cannot tell: weight and bias are then 0.

    logits: [n, 10]; garment: [n]. Garments and outliers count alike, however many there are. Fitted
    by Newton's method with smoothed targets, which keeps it finite where both are told apart
    without a mistake: Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """
    best = logits.max(axis=1).astype(np.float64)
    middle, spread = best.mean(), max(float(best.std()), 1e-6)
    inputs = np.stack([(best - middle) / spread, np.ones_like(best)], axis=1)
    count = np.array([(~garment).sum(), garment.sum()])
    wanted = np.where(garment, (count[1] + 1) / (count[1] + 2), 1 / (count[0] + 2))
    share = 0.5 / np.maximum(count, 1)[garment.astype(int)]
    curve = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        told = 0.5 * (1 + np.tanh(0.5 * (inputs @ curve)))
        gradient = inputs.T @ (share * (told - wanted))
        hessian = (inputs * (share * np.maximum(told * (1 - told), 1e-6))[:, None]).T @ inputs
        step = np.linalg.solve(hessian + 1e-9 * np.eye(2), gradient)
        curve -= step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
    weight = round(float(curve[0] / spread), 5)
    return (weight, round(float(curve[1] - weight * middle), 5)) if weight > 0 else (0.0, 0.0)


def unknown_threshold(logits: Floats, garment: Flags, curve: tuple[float, float]) -> float:
    """The probability of being known that a share `KEPT` of the garments reach; 0 without a curve.

    logits, garment, curve: as for `known_curve`.
    """
    weight, bias = curve
    if not weight:
        return 0.0
    known = sigmoid(np.asarray(logits[garment].max(axis=1) * weight + bias, np.float32))
    # Rounded down: integer models give few values, and above one of them many garments would fall.
    least = float(np.quantile(known, 1 - KEPT, method="lower"))
    return math.floor(least * 1e4) / 1e4
