"""The operators of a model and the tensors between them, as the file has them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist.runtime import interpreter


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator in order of execution. inputs, outputs: indices of tensors."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """What an operator reads or writes, for one picture."""

    name: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model's first subgraph. inputs, outputs: indices of the tensors given and taken."""

    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: dict[int, Tensor]


def read_graph(path: Path, content: bytes | None = None) -> Graph:
    """Read the graph of the model at `path`. content: see `interpreter.read`.

    Raises: BadModel where the runtime refuses the file; MissingDependency without a runtime.
    """
    built = interpreter.read(path, content=content)
    operators = tuple(
        Operator(
            name=str(told["op_name"]),
            inputs=tuple(int(i) for i in told["inputs"] if i >= 0),  # -1: an optional one left out
            outputs=tuple(int(i) for i in told["outputs"]),
        )
        for told in interpreter.operators(built)
    )
    tensors = {int(one["index"]): _tensor(one) for one in built.get_tensor_details()}
    return Graph(
        operators=operators,
        inputs=tuple(int(one["index"]) for one in built.get_input_details()),
        outputs=tuple(int(one["index"]) for one in built.get_output_details()),
        tensors=tensors,
    )


def _tensor(detail: dict[str, Any]) -> Tensor:
    shape = tuple(int(n) for n in detail["shape"])
    return Tensor(
        name=str(detail["name"]),
        shape=shape,
        size_bytes=math.prod(shape) * np.dtype(detail["dtype"]).itemsize,
    )
