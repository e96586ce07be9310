"""The operators of a model and the tensors between them, as the file has them."""

from __future__ import annotations

import dataclasses
import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist.errors import BadModel
from edgefmnist.quiet import silenced_stderr
from edgefmnist.runtime.interpreter import provider


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


def read_graph(path: Path) -> Graph:
    """Read the graph of the model at `path`.

    Raises: BadModel where the runtime refuses the file; MissingDependency without a runtime.
    """
    interpreter_class, _ = provider()
    resolvers: Any = importlib.import_module(interpreter_class.__module__).OpResolverType
    try:
        with silenced_stderr():
            # A delegate would put one operator of its own in place of those it takes.
            interpreter = interpreter_class(
                model_path=str(path),
                experimental_op_resolver_type=resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
    except (ValueError, RuntimeError) as error:
        raise BadModel(f"{path} is not a model that this runtime can load: {error}") from error
    operators = tuple(
        Operator(
            name=str(told["op_name"]),
            inputs=tuple(int(i) for i in told["inputs"] if i >= 0),  # -1: an optional one left out
            outputs=tuple(int(i) for i in told["outputs"]),
        )
        for told in interpreter._get_ops_details()
    )
    tensors = {int(one["index"]): _tensor(one) for one in interpreter.get_tensor_details()}
    return Graph(
        operators=operators,
        inputs=tuple(int(one["index"]) for one in interpreter.get_input_details()),
        outputs=tuple(int(one["index"]) for one in interpreter.get_output_details()),
        tensors=tensors,
    )


def _tensor(detail: dict[str, Any]) -> Tensor:
    shape = tuple(int(n) for n in detail["shape"])
    return Tensor(
        name=str(detail["name"]),
        shape=shape,
        size_bytes=math.prod(shape) * np.dtype(detail["dtype"]).itemsize,
    )
