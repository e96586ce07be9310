"""The loss over ten classes and none of them."""

from __future__ import annotations

import numpy as np

from edgefmnist.frameworks import require_keras


def test_several_right_classes_count_by_the_sum_of_their_probabilities() -> None:
    require_keras()
    from edgefmnist.training.losses import OpenSetCrossentropy

    logits = np.random.default_rng(0).normal(0, 2, (3, 10)).astype(np.float32)
    scores = np.exp(np.pad(logits, ((0, 0), (0, 1))))
    scores /= scores.sum(axis=1, keepdims=True)
    wanted = np.zeros((3, 11), np.float32)
    wanted[0, 3], wanted[1, 10], wanted[2, [5, 7, 9]] = 1, 0.5, -0.5
    expected = [
        -np.log(scores[0, 3]),
        -0.5 * np.log(scores[1, 10]),
        -0.5 * np.log(scores[2, [5, 7, 9]].sum()),
    ]
    np.testing.assert_allclose(OpenSetCrossentropy().call(wanted, logits), expected, rtol=1e-5)


def test_accuracy_leaves_out_what_is_no_single_class() -> None:
    require_keras()
    from edgefmnist.training.losses import GarmentAccuracy

    wanted = np.zeros((4, 11), np.float32)
    wanted[0, 3] = wanted[1, 4] = 1
    wanted[2, [5, 7, 9]], wanted[3, 10] = -1, 0.5
    metric = GarmentAccuracy()
    metric.update_state(wanted, np.eye(10, dtype=np.float32)[[3, 3, 0, 0]])
    assert float(metric.result()) == 0.5
