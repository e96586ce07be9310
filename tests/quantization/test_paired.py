"""The interval for the accuracy lost covers the truth as often as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgefmnist.quantization import paired
from edgefmnist.records import LABELS


def _coverage(p_lost: float, p_gained: float, n: int) -> float:
    """Exact probability that the interval covers p_lost - p_gained, by enumeration."""
    covered = 0.0
    for lost in range(n + 1):
        for gained in range(n + 1 - lost):
            log_probability = (
                math.lgamma(n + 1)
                - math.lgamma(lost + 1)
                - math.lgamma(gained + 1)
                - math.lgamma(n - lost - gained + 1)
                + lost * math.log(p_lost)
                + gained * math.log(p_gained)
                + (n - lost - gained) * math.log(1 - p_lost - p_gained)
            )
            low, high = paired.drop_interval(lost, gained, n)
            if log_probability > -40 and low <= p_lost - p_gained <= high:
                covered += math.exp(log_probability)
    return covered


@pytest.mark.parametrize(("p_lost", "p_gained"), [(0.02, 0.02), (0.05, 0.01), (0.1, 0.05)])
def test_the_interval_covers_the_truth_19_times_in_20(p_lost: float, p_gained: float) -> None:
    assert 0.94 <= _coverage(p_lost, p_gained, n=150) <= 0.99


def test_the_interval_turns_with_the_models_and_narrows_with_pictures() -> None:
    low, high = paired.drop_interval(30, 10, 1_000)
    assert low < 0.02 < high
    assert paired.drop_interval(10, 30, 1_000) == pytest.approx((-high, -low))
    narrow = paired.drop_interval(300, 100, 10_000)
    assert narrow[1] - narrow[0] < high - low


def test_a_comparison_counts_what_each_model_had_right() -> None:
    labels = np.repeat(np.arange(10), 10).astype(np.uint8)
    float_answers, answers = labels.astype(int), labels.astype(int)
    answers[:4] = 9  # four T-shirts lost
    float_answers[50] = 7  # one sandal gained
    logits = np.eye(10, dtype=np.float32)
    both = paired.compare(logits[float_answers], logits[answers], labels)
    assert both.float_eval.accuracy == 0.99
    assert both.quantized_eval.accuracy == 0.96
    assert both.drop_pp == pytest.approx(3.0)
    assert both.agreement == 0.95
    assert both.predicted_classes == 10
    assert both.worst_class == (LABELS[0], pytest.approx(40.0))
    assert both.quantized_eval.per_class[LABELS[0]] == 0.6
    assert both.quantized_eval.confusion[0][9] == 4
    boots = both.quantized_eval.per_class_table["Ankle boot"]
    assert boots == {"precision": 0.7143, "recall": 1.0, "f1": 0.8333, "support": 10}


def test_an_interval_of_more_confidence_is_wider() -> None:
    usual, surer = paired.drop_interval(30, 10, 1_000), paired.drop_interval(30, 10, 1_000, 0.99)
    assert surer[0] < usual[0] < 0.02 < usual[1] < surer[1]
