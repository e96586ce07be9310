"""Temperature and threshold say what they are meant to say."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist import certainty
from edgefmnist.runtime.classifier import sigmoid, softmax


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_scaled_logits_is_found(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    calibrated = rng.normal(0, 2, (5_000, 10)).astype(np.float32)
    labels = np.array([rng.choice(10, p=row / row.sum()) for row in softmax(calibrated)])
    found = certainty.temperature(calibrated * true_temperature, labels.astype(np.uint8))
    assert found == pytest.approx(true_temperature, rel=0.06)


def scattered(garments: int, others: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose best is normal with the same spread on either side, `apart` from each other."""
    rng = np.random.default_rng(1)
    garment = np.arange(garments + others) < garments
    best = rng.normal(0, 1, len(garment)) + np.where(garment, apart, 0.0)
    return np.stack([best, *(best - 5 for _ in range(9))], axis=1).astype(np.float32), garment


@pytest.mark.parametrize("counts", [(4_000, 4_000), (8_000, 1_000)])
def test_the_known_curve_is_the_posterior_of_two_equal_normals(counts: tuple[int, int]) -> None:
    """For unit normals `apart` from each other the log-odds are apart x (best - apart / 2)."""
    weight, bias = certainty.known_curve(*scattered(*counts, apart=2.0))
    assert weight == pytest.approx(2.0, rel=0.12)
    assert bias == pytest.approx(-2.0, rel=0.12)


def test_the_known_curve_stays_finite_where_nothing_overlaps() -> None:
    weight, bias = certainty.known_curve(*scattered(500, 500, apart=40.0))
    assert np.isfinite([weight, bias]).all() and weight > 0
    told = sigmoid(np.array([0.0, 40.0], np.float32) * weight + bias)
    assert told[0] < 0.05 and told[1] > 0.95


def test_the_known_curve_of_logits_that_tell_nothing() -> None:
    logits, garment = np.zeros((100, 10), np.float32), np.arange(100) < 50
    weight, bias = certainty.known_curve(logits, garment)
    assert weight == pytest.approx(0, abs=1e-3) and bias == pytest.approx(0, abs=1e-3)


def test_the_threshold_lets_its_share_of_the_garments_pass() -> None:
    logits, garment = scattered(4_000, 1_000, apart=2.0)
    curve = certainty.known_curve(logits, garment)
    threshold = certainty.unknown_threshold(logits, garment, curve)
    passed = sigmoid(logits[garment].max(axis=1) * curve[0] + curve[1]) >= threshold
    assert passed.mean() == pytest.approx(certainty.KEPT, abs=0.005)


def test_a_value_that_many_share_does_not_fall_under_the_threshold() -> None:
    """Integer models give few different logits: most garments may stand at the same one."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        logits, garment = scattered(500, 200, apart=3.0)
        top = float(rng.uniform(2, 6))
        logits[garment, 0] = np.where(rng.random(500) < 0.95, top, top - 1)
        curve = certainty.known_curve(logits, garment)
        threshold = certainty.unknown_threshold(logits, garment, curve)
        known = sigmoid(logits[garment].max(axis=1) * np.float32(curve[0]) + np.float32(curve[1]))
        assert (known >= threshold).mean() >= certainty.KEPT


def test_a_model_that_is_surer_of_outliers_never_refuses() -> None:
    logits, garment = scattered(500, 500, apart=-2.0)
    curve = certainty.known_curve(logits, garment)
    assert curve == (0.0, 0.0)
    assert certainty.unknown_threshold(logits, garment, curve) == 0
