"""Operators of a converted model, and the Keras layers whose work they do."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from edgefmnist.errors import UsageError
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.model_file import ModelFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator of an integer model.

    op: its kind, such as CONV_2D. tensor: name of its output, made of the names of all that the
    converter fused, with ";" between. layers: those Keras layers in the model's order.
    scale, zero_point: of its output.
    """

    op: str
    tensor: str
    layers: tuple[str, ...]
    scale: float
    zero_point: int

    @property
    def layer(self) -> str:
        """The layer that begins the fused work: of conv, batch normalisation and ReLU the conv."""
        return self.layers[0] if self.layers else self.op.lower()


def read(model: ModelFile, keras_model: Any) -> tuple[Node, ...]:
    """The operators of `model` (int8 throughout, converted from `keras_model`), in its order.

    Those that compute shapes are left out.
    """
    built: Any = interpreter.read(model.path, content=model.content)
    tensors = {detail["index"]: detail for detail in built.get_tensor_details()}
    names = [
        layer.name for layer in keras_model._flatten_layers() if not getattr(layer, "layers", ())
    ]
    found = []
    for operator in interpreter.operators(built):
        output = tensors[operator["outputs"][0]]
        if output["dtype"] == np.int8:
            scale, zero_point = output["quantization"]
            found.append(
                Node(
                    op=operator["op_name"],
                    tensor=output["name"],
                    layers=_layers_of(output["name"], names),
                    scale=scale,
                    zero_point=zero_point,
                )
            )
    return tuple(found)


def _layers_of(tensor: str, names: Sequence[str]) -> tuple[str, ...]:
    """Which of the layers `names` stand in the name of a tensor, in the order of `names`.

    Keras calls the model twice while it exports, so TensorFlow appends a number to the name of
    every layer: `conv2d_1` is the layer `conv2d`, `conv2d_1_2` is `conv2d_1`. The model's output is
    called after the signature; it is the last layer's.
    """
    if tensor.startswith("StatefulPartitionedCall"):
        return (names[-1],)
    told = set()
    for path in tensor.split(";"):
        for part in path.split("/")[1:-1]:  # between the model and the operation, as in add_1/Add
            before = re.sub(r"_\d+$", "", part)
            told.update({before if before in names else part} & set(names))
    return tuple(name for name in names if name in told)


def tensors_of(nodes: Sequence[Node], layers: Sequence[str]) -> tuple[str, ...]:
    """Names of the outputs of the operators that do the work of `layers`.

    Raises: UsageError where the model has no such layer, naming those that sound alike.
    """
    known = dict.fromkeys(name for node in nodes for name in node.layers)
    for layer in layers:
        if layer not in known:
            near = difflib.get_close_matches(layer, known, n=5, cutoff=0.5) or list(known)[:5]
            raise UsageError(
                f"--keep-float {layer}: the converted model has no such layer; the nearest are "
                f"{', '.join(near)}. All of them: edgefmnist layers"
            )
    return tuple(node.tensor for node in nodes if set(node.layers) & set(layers))


def as_float(tensors: Collection[str]) -> set[str]:
    """What the outputs `tensors` are called where they are floats.

    The converter appends a 1 to the name of the model's output there.
    """
    return {*tensors, *(f"{name}1" for name in tensors)}


def float_outputs(model: ModelFile) -> set[str]:
    """Names of the outputs of those operators of `model` that compute in floating point."""
    built: Any = interpreter.read(model.path, content=model.content)
    tensors = {detail["index"]: detail for detail in built.get_tensor_details()}
    return {
        tensors[operator["outputs"][0]]["name"]
        for operator in interpreter.operators(built)
        if operator["op_name"] not in ("DEQUANTIZE", "QUANTIZE")
        and np.issubdtype(tensors[operator["outputs"][0]]["dtype"], np.floating)
    }
