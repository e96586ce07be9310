"""Statistics of two models that answered the same pictures."""

from __future__ import annotations

import math
import statistics

import numpy as np
import numpy.typing as npt

from edgefmnist.certainty import temperature
from edgefmnist.evaluate import score
from edgefmnist.quantization.calibration import calibration_error
from edgefmnist.quantization.records import Comparison
from edgefmnist.runtime.classifier import Floats, softmax


def compare(float_logits: Floats, logits: Floats, labels: npt.NDArray[np.uint8]) -> Comparison:
    """Compare the logits [n, 10] of the float and the quantized model; labels: [n], the truth.

    Confidences of both are softmax(logits / temperature) under the temperature that suits the float
    model on these pictures. Raw ones tell little of a network trained on smoothed labels, which is
    unsure throughout, and a temperature for each would hide that the quantized one answers on
    another scale. This temperature is a ruler for the comparison and goes into no bundle.
    """
    float_answers, answers = float_logits.argmax(axis=1), logits.argmax(axis=1)
    float_right, right = float_answers == labels, answers == labels
    ruler = temperature(float_logits, labels)
    float_ece, ece = (
        calibration_error(softmax(each / ruler), labels) for each in (float_logits, logits)
    )
    lost = int((float_right & ~right).sum())
    gained = int((~float_right & right).sum())
    n = len(labels)
    low, high = drop_interval(lost, gained, n)
    return Comparison(
        float_eval=score(float_answers, labels),
        quantized_eval=score(answers, labels),
        drop_pp=100 * (lost - gained) / n,
        drop_interval_pp=(100 * low, 100 * high),
        agreement=float((float_answers == answers).mean()),
        predicted_classes=len(np.unique(answers)),
        float_ece=float_ece,
        quantized_ece=ece,
    )


def drop_interval(lost: int, gained: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for the drop (lost - gained) / n of paired proportions, as a fraction.

    lost: pictures that only the first model had right; gained: only the second; n: all.

    Source: Bonett and Price 2012, "Adjusted Wald Confidence Interval for a Difference of Binomial
    Proportions Based on Paired Data", J. Educ. Behav. Stat. 37(4), 479-488: the Wald interval
    after one is added to each of the two discordant counts, which keeps its coverage where few
    answers differ, as between a model and its quantized self.
    """
    p_lost, p_gained = (lost + 1) / (n + 2), (gained + 1) / (n + 2)
    difference = p_lost - p_gained
    z = statistics.NormalDist().inv_cdf(0.5 + confidence / 2)
    half = z * math.sqrt((p_lost + p_gained - difference**2) / (n + 2))
    return max(-1.0, difference - half), min(1.0, difference + half)
