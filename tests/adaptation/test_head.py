"""The fit of a last layer finds the least of its loss and stays near where it began."""

from __future__ import annotations

import numpy as np

from edgefmnist.adaptation import head
from edgefmnist.runtime.last_layer import Layer


def clouds(count: int, seed: int = 0) -> head.Material:
    """Three classes and none of them: normal clouds around corners of a cube."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(-1, 3), count)
    corners = np.array([[0, 0, 3], [3, 0, 0], [0, 3, 0], [0, 0, 0]])[classes]
    features = (corners + rng.normal(0, 0.7, corners.shape)).astype(np.float32)
    return head.balanced(features, classes)


NOTHING = Layer(weights=np.zeros((3, 3), np.float32), bias=np.zeros(3, np.float32))


def answered(layer: Layer, material: head.Material) -> np.ndarray:
    logits = layer.logits(material.features)
    return np.where(logits.max(axis=1) > 0, logits.argmax(axis=1), -1)


def test_it_tells_classes_apart_and_what_is_none_of_them() -> None:
    layer = head.fit(clouds(300), NOTHING, pictures=5_000)
    fresh = clouds(300, seed=1)
    assert (answered(layer, fresh) == fresh.classes).mean() > 0.93


def test_few_pictures_move_it_less_than_many() -> None:
    moved = [
        np.abs(head.fit(clouds(50), NOTHING, pictures=count).weights).max()
        for count in (10, 500, 20_000)
    ]
    assert 0 < moved[0] < moved[1] < moved[2]


def test_no_step_in_any_direction_is_better() -> None:
    rng = np.random.default_rng(2)
    factors = rng.normal(size=(60, 8))

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        powers = np.exp(factors @ point)
        value = float(np.log1p(powers).mean() + 0.01 * point @ point)
        return value, factors.T @ (powers / (1 + powers)) / 60 + 0.02 * point

    found = head.minimize(objective, np.full(8, 3.0))
    least = objective(found)[0]
    for _ in range(100):
        assert objective(found + rng.normal(0, 0.02, 8))[0] > least - 1e-6


def test_all_classes_count_alike_and_both_materials_their_share() -> None:
    one = head.balanced(np.zeros((6, 2), np.float32), np.array([0, 0, 0, 0, 1, -1]))
    assert np.allclose(one.shares, [1 / 12] * 4 + [1 / 3] * 2)
    both = one.joined(head.balanced(np.ones((2, 2), np.float32), np.array([0, 1])), 0.8)
    assert np.isclose(both.shares.sum(), 1) and np.allclose(both.shares[-2:], 0.4)


def test_new_classes_begin_at_nothing() -> None:
    layer = Layer(
        weights=np.arange(12, dtype=np.float32).reshape(4, 3), bias=np.ones(4, np.float32)
    )
    begun = head.start(layer, (0, 2), 1)
    assert begun.weights.tolist() == [[0, 1, 2], [6, 7, 8], [0, 0, 0]]
    assert begun.bias.tolist() == [1, 1, 0]
