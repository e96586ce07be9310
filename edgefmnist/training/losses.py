"""The loss of a network that shall also know what it does not know."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_PACKAGE = "edgefmnist"
_LEAST = 1e-9  # probability, lest its logarithm be infinite


@keras.saving.register_keras_serializable(package=_PACKAGE)
class OpenSetCrossentropy(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Cross-entropy over the classes and "none of them", whose logit is fixed at 0.

    So the network keeps its outputs, and how far they stand over 0 says how sure it is that the
    picture shows any of them at all: log sum exp of the logits becomes the log-odds of that (minus
    the free energy, Liu et al. 2020, "Energy-based Out-of-distribution Detection", section 3;
    training with outliers: Hendrycks et al. 2019, "Deep Anomaly Detection with Outlier Exposure").
    Which function of the logits is then used to tell is for `edgefmnist.certainty` to say.

    Targets: [n, k + 1], see `batches.targets`; a row's sum is its weight. In a row of negative
    targets any of several classes may be the right one, and -1 times the greatest is its weight:
    the loss is that of the sum of their probabilities (the marginal likelihood). Predictions:
    logits [n, k].
    """

    def __init__(self, name: str = "open_set_crossentropy", **more: Any) -> None:
        super().__init__(name=name, **more)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each row, [n]."""
        logits = ops.concatenate([y_pred, ops.zeros_like(y_pred[:, :1])], axis=1)
        told = ops.log_softmax(logits, axis=1)
        one = -ops.sum(ops.relu(y_true) * told, axis=1)
        several = ops.relu(-y_true)
        # No `where` of fills: TensorFlow's graph optimizer makes nonsense of it in `evaluate`.
        among = ops.sum(ops.exp(told) * ops.sign(several), axis=1)
        return one - ops.max(several, axis=1) * ops.log(among + _LEAST)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class GarmentAccuracy(keras.metrics.Mean):  # type: ignore[misc]
    """Top-1 accuracy over the rows that show a garment; shapes as in `OpenSetCrossentropy`."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch in; outliers count for nothing, nor do rows of several right classes."""
        del sample_weight
        garment = ops.sum(ops.relu(y_true[:, :-1]), axis=1)
        right = ops.equal(ops.argmax(y_true[:, :-1], axis=1), ops.argmax(y_pred, axis=1))
        super().update_state(ops.cast(right, "float32"), sample_weight=garment)
