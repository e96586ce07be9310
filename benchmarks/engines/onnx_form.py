"""A network as ONNX, for ONNX Runtime and OpenVINO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.engines.network import Array, Layer, Network

_OPSET = 17


def write(network: Network, path: Path) -> None:
    """Write `network`: one picture in as it is, uint8 [1, 1, 28, 28]; scores out, float32 [1, 10].

    In int8, QuantizeLinear and DequantizeLinear stand around each layer (QDQ), with the scales of
    the `.tflite`. Activations are uint8, the same numbers plus 128.
    """
    graph = _Graph(network)
    for layer in network.layers:
        graph.add(layer)
    made = helper.make_graph(
        graph.nodes,
        "network",
        [helper.make_tensor_value_info("picture", TensorProto.UINT8, [1, 1, 28, 28])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


class _Graph:
    """Nodes and constants so far; a tensor's name is its number."""

    def __init__(self, network: Network) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._network = network
        first = str(network.input)
        if network.quantized:
            self._dequantize("picture", first, *self._scale(network.input))
        else:
            self._node("Cast", ["picture"], first, to=TensorProto.FLOAT)

    def add(self, layer: Layer) -> None:
        """Add the nodes of one layer."""
        inputs = [str(number) for number in layer.inputs]
        output = str(layer.output)
        last = "scores" if layer.output == self._network.output else output
        made = f"{output}.made"
        if layer.kind == "conv":
            assert layer.weights is not None
            size = layer.weights.shape[1]
            self._node(
                "Conv",
                [*inputs, *self._parameters(layer, (0, 3, 1, 2))],
                made,
                kernel_shape=[size, size],
                strides=[layer.stride, layer.stride],
                auto_pad="SAME_UPPER",
            )
        elif layer.kind == "dense":
            self._node("Gemm", [*inputs, *self._parameters(layer, (0, 1))], made, transB=1)
        elif layer.kind == "add":
            self._node("Add", inputs, made)
        else:
            self._node("GlobalAveragePool", inputs, made)
        if layer.relu:
            self._node("Relu", [made], f"{output}.relu")
            made = f"{output}.relu"
        shaped = "Flatten" if layer.kind == "mean" else "Identity"  # both cost nothing
        if not self._network.quantized:
            self._node(shaped, [made], last)
            return
        scale, zero_point = self._scale(layer.output)
        where = [self._constant(f"{output}.s", scale), self._constant(f"{output}.z", zero_point)]
        self._node("QuantizeLinear", [made, *where], f"{output}.q")
        self._node(shaped, [f"{output}.q"], f"{output}.shaped")
        self._node("DequantizeLinear", [f"{output}.shaped", *where], last)

    def _parameters(self, layer: Layer, order: tuple[int, ...]) -> list[str]:
        """Names of weights and bias, dequantized."""
        kernel, bias = f"{layer.output}.w", f"{layer.output}.b"
        assert layer.weights is not None
        assert layer.bias is not None
        weights = layer.weights.transpose(order)
        if layer.weight_scales is None:
            return [self._constant(kernel, weights), self._constant(bias, layer.bias)]
        # Seven bits of the eight, which ONNX Runtime's documentation advises ("reduce_range"): a
        # CPU without VNNI adds pairs of products in 16 bits, where 8-bit weights overflow.
        weights = np.round(weights / 2).astype(np.int8)
        values = np.round(layer.bias / 2).astype(np.int32)
        scales = 2 * layer.weight_scales
        source = self._network.scales[layer.inputs[0]][0]
        none = np.zeros(len(weights), np.int32)
        self._dequantize(
            self._constant(f"{kernel}.q", weights), kernel, scales, none.astype(np.int8)
        )
        self._dequantize(self._constant(f"{bias}.q", values), bias, scales * source, none)
        return [kernel, bias]

    def _scale(self, number: int) -> tuple[Array, Array]:
        """Scale and zero point of an activation as uint8."""
        scale, zero_point = self._network.scales[number]
        return np.array(scale, np.float32), np.array(zero_point + 128, np.uint8)

    def _dequantize(self, source: str, output: str, scale: Array, zero_point: Array) -> None:
        where = [self._constant(f"{output}.s", scale), self._constant(f"{output}.z", zero_point)]
        self._node("DequantizeLinear", [source, *where], output, axis=0 if scale.ndim else 1)

    def _constant(self, name: str, values: Array) -> str:
        if name not in {constant.name for constant in self.constants}:
            kept = np.array(values, dtype=values.dtype, order="C")
            self.constants.append(numpy_helper.from_array(kept, name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **options: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], **options))
