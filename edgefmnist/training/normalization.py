"""Batch normalisation in one operation of TensorFlow, for training only.

Keras's own layer is a dozen operations, each of which reads and writes the whole activation: on a
CPU up to a fifth of a step (`benchmarks/training_step.py`). What is saved in the end has Keras's
layer.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="edgefmnist")
class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras: no types
    """Keras's layer for inputs [n, h, w, c] of any float dtype; statistics are float32 as there.

    The moving variance is of the unbiased variance: n / (n - 1) times Keras's.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise by the batch's statistics and take them into the moving ones."""
        if not training or not self.trainable:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        unused = tf.zeros([0], tf.float32)  # moving statistics, at inference
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma.value, tf.float32),
            offset=tf.convert_to_tensor(self.beta.value, tf.float32),
            mean=unused,
            variance=unused,
            epsilon=self.epsilon,
            is_training=True,
        )
        old = self.momentum
        self.moving_mean.assign(self.moving_mean * old + mean * (1 - old))
        self.moving_variance.assign(self.moving_variance * old + variance * (1 - old))
        return outputs


def fused(model: keras.Model) -> keras.Model:
    """The same network and weights with the fused layer, where the backend is TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return model
    quick = keras.models.clone_model(model, clone_function=_fused_layer)
    quick.set_weights(model.get_weights())
    return quick


def is_fused(model: keras.Model) -> bool:
    """Whether `fused` has replaced layers of the model."""
    return any(isinstance(layer, FusedBatchNormalization) for layer in model.layers)


def plain(model: keras.Model) -> keras.Model:
    """The same network, weights and names of layers, of Keras's own layers in float32."""
    clone = keras.models.clone_model(model, clone_function=_own_layer)
    clone.set_weights(model.get_weights())
    # Anew: the clone has taken the loss with it, which only this package could load.
    return keras.Model(clone.inputs, clone.outputs, name=model.name)


def _fused_layer(layer: keras.Layer) -> keras.Layer:
    kind = FusedBatchNormalization if type(layer) is layers.BatchNormalization else type(layer)
    return kind.from_config(layer.get_config())


def _own_layer(layer: keras.Layer) -> keras.Layer:
    kind = layers.BatchNormalization if type(layer) is FusedBatchNormalization else type(layer)
    return kind.from_config(layer.get_config() | {"dtype": "float32"})
