"""Beginning a training from a converted model instead of from random weights.

An integer model holds every weight to within half of 1/127 of its channel's greatest, which is less
than the first steps of a training change. So a bundle needs no float model beside it to be trained
further.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edgefmnist.errors import BadModel
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.model_file import ModelFile

Floats = npt.NDArray[np.float32]

_STATISTICS_OF = 2_000  # pictures
_BATCH = 500


def begin_from(model: keras.Model, start: ModelFile, pictures: npt.NDArray[np.uint8]) -> None:
    """Give `model` the weights of `start`, a converted model of the same network.

    Conversion folds rescaling and batch normalization into convolutions. Here they are layers
    again, and the normalization has the statistics that its input has over `pictures`, uint8
    [n, 28, 28]: with others the first steps of a training would destroy what was learned.

    Raises: BadModel where `start` is of another network; MissingDependency.
    """
    weighted = _in_order_of_making(model)
    found = _weights(start)
    if [tuple(layer.kernel.shape) for layer in weighted] != [one.shape for one, _ in found]:
        raise BadModel(
            f"{start.path} does not have the layers of {model.name}: "
            "name a model that was made by the same recipe"
        )
    normalized = []
    found[0] = (found[0][0] / np.float32(_rescaling(model)), found[0][1])
    for layer, (kernel, bias) in zip(weighted, found, strict=True):
        if layer.use_bias:
            layer.set_weights([kernel, bias])
            continue
        layer.set_weights([kernel])
        after = _follower(layer)
        ones = np.ones_like(bias)
        after.set_weights([ones, bias, np.zeros_like(bias), ones - np.float32(after.epsilon)])
        normalized.append(after)
    _take_statistics(model, normalized, pictures[:_STATISTICS_OF])


def _in_order_of_making(model: keras.Model) -> list[Any]:
    """Layers with a kernel, in the order in which the network's function made them.

    The converter computes them in that order; Keras lists parallel branches in another, and
    numbers the names of layers of a kind as they are made.
    """

    def made(layer: keras.Layer) -> tuple[bool, int]:
        number = layer.name.rpartition("_")[2]
        return isinstance(layer, layers.Dense), int(number) if number.isdigit() else 0

    return sorted((layer for layer in model.layers if hasattr(layer, "kernel")), key=made)


def _rescaling(model: keras.Model) -> float:
    """What the network multiplies intensities by before its first convolution."""
    scales = [layer.scale for layer in model.layers if isinstance(layer, layers.Rescaling)]
    return float(np.prod(scales))


def _weights(start: ModelFile) -> list[tuple[Floats, Floats]]:
    """Kernel in Keras's order of axes, and bias, of every layer of a converted model."""
    opened = interpreter.read(start.path, content=start.read(), reference=True)
    tensors = {told["index"]: told for told in opened.get_tensor_details()}

    def floats(index: int) -> Floats:
        values = opened.get_tensor(index)
        told = tensors[index]["quantization_parameters"]
        if not len(told["scales"]):
            return np.asarray(values, np.float32)
        shape = [1] * values.ndim
        shape[told["quantized_dimension"]] = -1
        scales, zeros = (told[key].reshape(shape) for key in ("scales", "zero_points"))
        return np.asarray((values.astype(np.float32) - zeros) * scales, np.float32)

    found = []
    for operator in opened._get_ops_details():
        if operator["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            _, kernel, bias = (int(index) for index in operator["inputs"][:3])
            outputs_last = np.moveaxis(floats(kernel), 0, -1)
            found.append((outputs_last, floats(bias)))
    return found


def _follower(layer: keras.Layer) -> Any:
    """The batch normalization that takes the output of `layer`."""
    (node,) = layer._outbound_nodes
    return node.operation


def _take_statistics(
    model: keras.Model, normalized: list[Any], pictures: npt.NDArray[np.uint8]
) -> None:
    """Let each layer normalize by its input's own statistics, and answer as before."""
    inputs = keras.Model(model.inputs, [layer.input for layer in normalized])
    batch = pictures.astype(np.float32)[..., np.newaxis]
    seen = inputs.predict(batch, batch_size=_BATCH, verbose=0)
    for layer, values in zip(normalized, seen, strict=True):
        values = np.asarray(values, np.float32)
        mean, variance = values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))
        bias = layer.get_weights()[1]
        gamma = np.sqrt(variance + np.float32(layer.epsilon))
        layer.set_weights([gamma, bias + mean, mean, variance])
