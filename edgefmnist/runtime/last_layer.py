"""An int8 model parted before its last layer: the body, which gives features, and the layer.

The last operator must be a FULLY_CONNECTED with int8 weights whose output is the model's.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadModel
from edgefmnist.runtime import flatbuffer, interpreter
from edgefmnist.runtime.classifier import Floats, Pictures, fill_input
from edgefmnist.runtime.model_file import ModelFile

Features = npt.NDArray[np.int8]

_BATCH = 32
_WHY = "the last layer is read from and written into the model's file"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A fully connected layer. weights: float32 [classes, features]; bias: float32 [classes]."""

    weights: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """Logits [n, classes] of features [n, features], both as floats."""
        return np.asarray(features @ self.weights.T + self.bias, np.float32)


class PartedModel:
    """A model read as an object, for its features and its last layer."""

    def __init__(self, model: ModelFile) -> None:
        """Read the model.

        Raises: BadModel where it does not end in a fully connected int8 layer; MissingDependency.
        """
        self.model = model
        self._tools = flatbuffer.tools(_WHY)
        self._object: Any = self._tools.read_model_from_bytearray(bytearray(model.read()))
        self._check()
        scale, zero_point = _code(self._tensors[self._inputs[0]])
        self._scale, self._zero_point = np.float32(scale[0]), np.float32(zero_point[0])

    @property
    def _graph(self) -> Any:
        return self._object.subgraphs[0]

    @property
    def _tensors(self) -> Any:
        return self._graph.tensors

    @property
    def _inputs(self) -> list[int]:
        """Tensors of the last operator: features, weights, bias."""
        return [int(at) for at in self._graph.operators[-1].inputs]

    def _check(self) -> None:
        kinds = self._tools.BuiltinOperator
        fits = len(self._object.subgraphs) == 1 and bool(self._graph.operators)
        if fits:
            last = self._graph.operators[-1]
            code = self._object.operatorCodes[last.opcodeIndex]
            kind = self._tools.get_builtin_code_from_operator_code(code)
            fits = kind == kinds.FULLY_CONNECTED and [*last.outputs] == [*self._graph.outputs]
            fits = fits and len(self._inputs) == 3 and min(self._inputs) >= 0
        if fits:
            dtypes = [self._tensors[at].type for at in (*self._inputs, self._graph.outputs[0])]
            int8, int32 = self._tools.TensorType.INT8, self._tools.TensorType.INT32
            fits = dtypes == [int8, int8, int32, int8]
        if not fits:
            raise BadModel(
                f"{self.model.path} does not end in a fully connected int8 layer that gives "
                "logits: name a model of the recipes tiny, edge or accurate that edgefmnist "
                "quantize --variant int8 made"
            )

    @property
    def body_sha256(self) -> str:
        """Hex SHA-256 of all constants that the features depend on, in the operators' order."""
        digest = hashlib.sha256()
        for operator in self._graph.operators[:-1]:
            for at in operator.inputs:
                data = self._data(at) if at >= 0 else None
                if data is not None:
                    digest.update(data.tobytes())
        return digest.hexdigest()

    def _data(self, tensor: int) -> npt.NDArray[np.uint8] | None:
        data = self._object.buffers[self._tensors[tensor].buffer].data
        return None if data is None else np.asarray(data, np.uint8)

    def layer(self) -> Layer:
        """The last layer, dequantized."""
        _, weights_at, bias_at = self._inputs
        values = self._constant(weights_at, np.int8)
        scale, _ = _code(self._tensors[weights_at])
        weights = values.astype(np.float32) * np.asarray(scale, np.float32)[:, None]
        bias = self._constant(bias_at, np.int32) * _code(self._tensors[bias_at])[0]
        return Layer(weights=weights, bias=np.asarray(bias, np.float32))

    def _constant(self, tensor: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
        data = self._data(tensor)
        shape = self._tensors[tensor].shape
        if data is None:
            raise BadModel(f"{self.model.path} has a last layer without constant weights")
        return data.view(dtype).reshape(shape)

    def features(self, images: Pictures) -> Features:
        """What the last layer gets of pictures (uint8 [n, 28, 28]): int8 [n, features]."""
        built = interpreter.build(self.model.path, 1, _BATCH, content=self._body(), whole=False)
        source, target = built.get_input_details()[0], built.get_output_details()[0]
        size = int(source["shape"][0])
        tensor = np.zeros((size, *interpreter.INPUT_SHAPE), source["dtype"])
        fill = fill_input(tensor, source["quantization"], self.model)
        parts = []
        for at in range(0, len(images), size):
            part = images[at : at + size]
            fill(np.pad(part, ((0, size - len(part)), (0, 0), (0, 0))))
            built.set_tensor(source["index"], tensor)
            built.invoke()
            parts.append(built.get_tensor(target["index"])[: len(part)])
        width = int(target["shape"][-1])
        return np.concatenate(parts) if parts else np.empty((0, width), np.int8)

    def dequantized(self, features: Features) -> Floats:
        """Features as floats."""
        return (features.astype(np.float32) - self._zero_point) * self._scale

    def _body(self) -> bytes:
        """The model without its last layer, as a file."""
        body: Any = copy.copy(self._object)
        graph: Any = copy.copy(self._graph)
        graph.operators, graph.outputs = graph.operators[:-1], self._inputs[:1]
        body.subgraphs, body.signatureDefs = [graph], []  # they name outputs that it does not have
        return bytes(self._tools.convert_object_to_bytearray(body))

    def with_layer(self, layer: Layer, logits_range: tuple[float, float]) -> bytes:
        """The file of the model with another last layer; all other constants stay as they are.

        Weights become int8 with a scale for each class, symmetric; the bias int32, whose scale is
        by definition that of the features times that of the weights. The output's 256 steps are
        spread over `logits_range`, 0 included (Jacob et al. 2018, "Quantization and Training of
        Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3; scales for
        each class: the TensorFlow Lite 8-bit quantization specification, FULLY_CONNECTED).
        """
        changed = copy.deepcopy(self._object)
        graph = changed.subgraphs[0]
        _, weights_at, bias_at = self._inputs
        scale = np.maximum(np.abs(layer.weights).max(axis=1), 1e-6).astype(np.float32) / 127
        weights = np.rint(layer.weights / scale[:, None]).astype(np.int8)
        bias_scale = scale * self._scale
        bias = np.rint(layer.bias.astype(np.float64) / bias_scale).astype(np.int32)
        low, high = min(logits_range[0], 0.0), max(logits_range[1], 0.0)
        step = max((high - low) / 255, 1e-6)
        zero_point = int(np.clip(round(-128 - low / step), -128, 127))
        classes = len(weights)
        output = graph.tensors[graph.outputs[0]]
        for tensor, shape in (
            (graph.tensors[weights_at], [classes, weights.shape[1]]),
            (graph.tensors[bias_at], [classes]),
            (output, [1, classes]),
        ):
            tensor.shape = shape
        if output.shapeSignature is not None:
            output.shapeSignature = [int(output.shapeSignature[0]), classes]
        _put(changed, weights_at, weights, scale, np.zeros(classes, np.int64))
        _put(changed, bias_at, bias, bias_scale, np.zeros(classes, np.int64))
        output.quantization.scale = np.array([step], np.float32)
        output.quantization.zeroPoint = np.array([zero_point], np.int64)
        return bytes(self._tools.convert_object_to_bytearray(changed))


def _code(tensor: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Scales and zero points of a quantized tensor."""
    told = tensor.quantization
    return np.asarray(told.scale, np.float32), np.asarray(told.zeroPoint, np.int64)


def _put(
    model: Any,
    at: int,
    values: npt.NDArray[Any],
    scale: npt.NDArray[np.float32],
    zero_point: npt.NDArray[np.int64],
) -> None:
    """Give the constant tensor `at` other values, in a buffer of its own."""
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    tensor = model.subgraphs[0].tensors[at]
    if sum(other.buffer == tensor.buffer for other in tensors) > 1:
        model.buffers.append(copy.copy(model.buffers[tensor.buffer]))
        tensor.buffer = len(model.buffers) - 1
    data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers[tensor.buffer].data = data
    tensor.quantization.scale, tensor.quantization.zeroPoint = scale, zero_point
    tensor.quantization.quantizedDimension = 0
