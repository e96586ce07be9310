"""Fitting a last layer: logistic regression in NumPy.

The loss is the one that the recipe `edge` was trained with: cross-entropy over the classes and
"none of them", whose logit is fixed at 0. It is drawn to the layer as it was (L2), so that a few
pictures move it a little and many move it far.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgefmnist.runtime.classifier import Floats
from edgefmnist.runtime.last_layer import Layer

Classes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Objective = Callable[[Numbers], tuple[float, Numbers]]

_HOLD, _MOST_HOLD = 8.0, 0.05
"""Weight of the squared distance from the layer as it was, in standardized features: the first over
the number of pictures, the second at most. Chosen by cross-validation over people
(`benchmarks/adapt.md`): 0.03 was best with 20 pictures of each class, 0.003 with hundreds."""
_STEPS = 150
_SMALLEST_GRADIENT = 3e-4
_REMEMBERED = 10
"""Pairs of steps and gradients that L-BFGS keeps."""
_LEAST_SPREAD = 1e-3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a layer is fitted on.

    features: float32 [n, d]. classes: [n], index of the class, -1 for none. shares: float64 [n],
        what each counts; their sum is 1 (`balanced`).
    """

    features: Floats
    classes: Classes
    shares: Numbers

    def joined(self, other: Material, share: float) -> Material:
        """Both together, of which `other` counts for `share`, 0..1."""
        return Material(
            features=np.concatenate([self.features, other.features]),
            classes=np.concatenate([self.classes, other.classes]),
            shares=np.concatenate([(1 - share) * self.shares, share * other.shares]),
        )


def balanced(features: Floats, classes: Classes) -> Material:
    """Material in which all classes that there are, and none of them, count alike."""
    _, at, counts = np.unique(classes, return_inverse=True, return_counts=True)
    shares = 1.0 / (counts[at] * len(counts))
    return Material(features=features, classes=classes, shares=shares)


def start(layer: Layer, kept: tuple[int, ...], added: int) -> Layer:
    """Rows `kept` of a layer, and `added` rows of zeros for classes that it did not have."""
    width = layer.weights.shape[1]
    rows = list(kept)
    return Layer(
        weights=np.concatenate([layer.weights[rows], np.zeros((added, width), np.float32)]),
        bias=np.concatenate([layer.bias[rows], np.zeros(added, np.float32)]),
    )


def fit(material: Material, begin: Layer, pictures: int) -> Layer:
    """The layer that fits `material` best without going far from `begin`.

    pictures: how many new ones are in it; the more, the farther it may go.
    Minimized by L-BFGS: Liu and Nocedal 1989, "On the Limited Memory BFGS Method for Large Scale
    Optimization", Mathematical Programming 45.
    """
    middle = material.features.mean(axis=0)
    spread = material.features.std(axis=0) + np.float32(_LEAST_SPREAD)
    inputs = np.concatenate(
        [(material.features - middle) / spread, np.ones((len(material.classes), 1))],
        axis=1,
    ).astype(np.float32)
    origin = np.concatenate(
        [begin.weights * spread, (begin.bias + begin.weights @ middle)[:, None]], axis=1
    ).astype(np.float64)
    hold = min(_HOLD / max(pictures, 1), _MOST_HOLD)
    solved = minimize(_objective(inputs, material, origin, hold), origin.ravel())
    rows = solved.reshape(origin.shape)
    weights = rows[:, :-1] / spread
    bias = rows[:, -1] - weights @ middle
    return Layer(weights=weights.astype(np.float32), bias=bias.astype(np.float32))


def _objective(inputs: Floats, material: Material, origin: Numbers, hold: float) -> Objective:
    count = len(inputs)
    known = np.flatnonzero(material.classes >= 0)
    shares = material.shares.astype(np.float32)

    def objective(flat: Numbers) -> tuple[float, Numbers]:
        rows = flat.reshape(origin.shape)
        logits = inputs @ rows.T.astype(np.float32)
        top = np.maximum(logits.max(axis=1), 0)  # 0: the logit of none of them
        powers = np.exp(logits - top[:, None])
        total = powers.sum(axis=1) + np.exp(-top)
        own = np.zeros(count, np.float32)
        own[known] = logits[known, material.classes[known]]
        loss = float(material.shares @ (np.log(total) + top - own))
        residual = powers * (shares / total)[:, None]
        residual[known, material.classes[known]] -= shares[known]
        away = rows - origin
        gradient: Numbers = residual.T @ inputs + hold * away
        return loss + 0.5 * hold * float((away**2).sum()), gradient.ravel()

    return objective


def minimize(objective: Objective, begin: Numbers) -> Numbers:
    """Where a smooth convex function has its least value, about.

    objective: gives value and gradient at a point [m].
    """
    point, (value, gradient) = begin, objective(begin)
    pairs: deque[tuple[Numbers, Numbers]] = deque(maxlen=_REMEMBERED)
    for _ in range(_STEPS):
        if np.abs(gradient).max() < _SMALLEST_GRADIENT:
            break
        direction = _direction(gradient, pairs)
        slope = float(direction @ gradient)
        size = 1.0 if pairs else min(1.0, 1.0 / float(np.abs(gradient).sum()))
        while True:
            target = point + size * direction
            found, there = objective(target)
            if found <= value + 1e-4 * size * slope or size < 1e-6:
                break
            size *= 0.5
        if found >= value:
            break
        if (target - point) @ (there - gradient) > 1e-12:
            pairs.append((target - point, there - gradient))
        point, value, gradient = target, found, there
    return point


def _direction(gradient: Numbers, pairs: deque[tuple[Numbers, Numbers]]) -> Numbers:
    """The two loops of L-BFGS: minus the inverse Hessian, about, times the gradient."""
    direction = -gradient
    factors = []
    for step, change in reversed(pairs):
        factor = (step @ direction) / (step @ change)
        factors.append(factor)
        direction = direction - factor * change
    if pairs:
        step, change = pairs[-1]
        direction = direction * ((step @ change) / (change @ change))
    for (step, change), factor in zip(pairs, reversed(factors), strict=True):
        direction = direction + step * (factor - (change @ direction) / (step @ change))
    return direction
