"""What a `.tflite` of ours says, as plain layers, so that other engines can be given the same.

The converter has folded normalisation and rescaling into the convolutions. Both forms of a network
are read here, so that every engine runs these weights and, in int8, these very scales.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operation. All tensors are named by their number.

    kind: "conv" (padding "same"), "dense", "add" (of two) or "mean" (over rows and columns).
    weights: conv [out, rows, columns, in], dense [out, in], float32 or int8; else None.
    bias: float32 or int32 [out]; else None. weight_scales: float32 [out] in int8; else None.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    relu: bool
    stride: int = 1
    weights: Array | None = None
    bias: Array | None = None
    weight_scales: Array | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Layers in the order they run. scales: scale and zero point of each int8 activation."""

    layers: tuple[Layer, ...]
    input: int
    output: int
    scales: dict[int, tuple[float, int]]

    @property
    def quantized(self) -> bool:
        """Whether this is the int8 form."""
        return bool(self.scales)

    def users(self, tensor: int) -> list[Layer]:
        """The layers that take `tensor`."""
        return [layer for layer in self.layers if tensor in layer.inputs]


def read(path: Path) -> Network:
    """Read a `.tflite` whose operations are CONV_2D, ADD, MEAN and FULLY_CONNECTED.

    Raises: ValueError where it has another one, or a convolution that is dilated or not padded.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    graph = model.subgraphs[0]
    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    kinds = {"CONV_2D": "conv", "ADD": "add", "MEAN": "mean", "FULLY_CONNECTED": "dense"}
    layers = []
    for step in graph.operators:
        name = names[model.operatorCodes[step.opcodeIndex].builtinCode]
        options = step.builtinOptions
        if name not in kinds:
            raise ValueError(f"{path} has {name}, of which no other engine's form is written here")
        layer = Layer(
            kind=kinds[name],
            inputs=tuple(int(number) for number in step.inputs),
            output=int(step.outputs[0]),
            relu=getattr(options, "fusedActivationFunction", 0)
            == schema.ActivationFunctionType.RELU,
        )
        if name == "MEAN":
            layer = dataclasses.replace(layer, inputs=layer.inputs[:1])
        elif name != "ADD":
            layer = _weighted(layer, model, options)
        layers.append(layer)
    return Network(
        layers=tuple(layers),
        input=int(graph.inputs[0]),
        output=int(graph.outputs[0]),
        scales=_activation_scales(graph, layers),
    )


def _weighted(layer: Layer, model: Any, options: Any) -> Layer:
    tensors = model.subgraphs[0].tensors
    source, kernel, bias = layer.inputs
    if layer.kind == "conv":
        plain = options.padding == 0 and options.dilationHFactor == options.dilationWFactor == 1
        if not plain or options.strideH != options.strideW:
            raise ValueError(f"convolution {layer.output} is dilated, not padded or not square")
    quantization = tensors[kernel].quantization
    scales = quantization.scale if quantization is not None else None
    weights = _values(model, kernel)
    return dataclasses.replace(
        layer,
        inputs=(source,),
        stride=int(getattr(options, "strideH", 1)),
        weights=weights,
        bias=_values(model, bias),
        weight_scales=None if scales is None else np.resize(scales, len(weights)),
    )


def _values(model: Any, number: int) -> Array:
    from ai_edge_litert.schema_py_generated import TensorType

    tensor = model.subgraphs[0].tensors[number]
    dtypes = {TensorType.FLOAT32: np.float32, TensorType.INT8: np.int8, TensorType.INT32: np.int32}
    data = bytes(model.buffers[tensor.buffer].data)
    return np.frombuffer(data, dtypes[tensor.type]).reshape(tensor.shape)


def _activation_scales(graph: Any, layers: list[Layer]) -> dict[int, tuple[float, int]]:
    scales = {}
    for number in {int(graph.inputs[0])} | {layer.output for layer in layers}:
        told = graph.tensors[number].quantization
        if told is not None and told.scale is not None:
            scales[number] = (float(told.scale[0]), int(told.zeroPoint[0]))
    return scales
