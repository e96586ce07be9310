"""A model cut off after each of its operators, to see what each adds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from edgefmnist.errors import BadModel
from edgefmnist.runtime import flatbuffer


def check() -> None:
    """See that the installed runtime can cut. Raises: MissingDependency."""
    _tools()


def prefixes(path: Path) -> list[bytes]:
    """The model's first operator, its first two, and so on up to the whole, as `.tflite` files.

    Each gives as outputs whatever its operators made and later ones would take, so that a runtime
    cannot leave any of them out.

    Raises: BadModel (several subgraphs), MissingDependency.
    """
    tools = _tools()
    model: Any = tools.read_model(str(path))
    if len(model.subgraphs) != 1:
        raise BadModel(f"{path} has {len(model.subgraphs)} subgraphs and cannot be cut in one line")
    model.signatureDefs = []  # they name outputs that a part does not have
    operators, wanted = model.subgraphs[0].operators, set(model.subgraphs[0].outputs)
    parts = []
    for count in range(1, len(operators) + 1):
        part: Any = copy.copy(model)
        graph: Any = copy.copy(model.subgraphs[0])
        later = {index for operator in operators[count:] for index in operator.inputs}
        made = [index for operator in operators[:count] for index in operator.outputs]
        graph.operators = operators[:count]
        graph.outputs = [index for index in made if index in later or index in wanted]
        part.subgraphs = [graph]
        parts.append(bytes(tools.convert_object_to_bytearray(part)))
    return parts


def _tools() -> Any:
    return flatbuffer.tools("operators are timed by cutting the model")
