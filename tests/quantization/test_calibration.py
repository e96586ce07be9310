"""Temperature and threshold say what they are meant to say."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist.quantization import calibration
from edgefmnist.runtime.classifier import softmax


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_scaled_logits_is_found(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    calibrated = rng.normal(0, 2, (5_000, 10)).astype(np.float32)
    labels = np.array([rng.choice(10, p=row / row.sum()) for row in softmax(calibrated)])
    found = calibration.temperature(calibrated * true_temperature, labels.astype(np.uint8))
    assert found == pytest.approx(true_temperature, rel=0.06)


def test_the_threshold_lets_99_percent_pass() -> None:
    scores = softmax(np.random.default_rng(1).normal(0, 3, (4_000, 10)).astype(np.float32))
    kept = (scores.max(axis=1) >= calibration.unknown_threshold(scores)).mean()
    assert kept == pytest.approx(0.99, abs=0.002)
