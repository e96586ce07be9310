"""What an integer model is made of: its operators, and how its input and output are quantized."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from edgefmnist.errors import BadModel
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.model_file import ModelFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """How a tensor stands for real numbers: scale x (value - zero_point)."""

    scale: float
    zero_point: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """operators: one for each step, in running order, as TensorFlow Lite's schema names them."""

    operators: tuple[str, ...]
    input: Code
    output: Code

    @property
    def kinds(self) -> list[str]:
        """The operators, each once, as they first come."""
        return list(dict.fromkeys(self.operators))

    @property
    def ends_in_softmax(self) -> bool:
        """Whether the outputs are probabilities; else they are logits."""
        return self.operators[-1] == "SOFTMAX"


def read_int8(model: ModelFile) -> Structure:
    """The structure of a full-integer int8 model.

    Raises: BadModel when its input or output is no int8 or a float tensor is left in it.
    """
    built = interpreter.read(model.path, content=model.content)
    source, target = built.get_input_details()[0], built.get_output_details()[0]
    dtypes = [np.dtype(detail["dtype"]).name for detail in (source, target)]
    floats = [one for one in built.get_tensor_details() if np.dtype(one["dtype"]).kind == "f"]
    if dtypes != ["int8", "int8"] or floats:
        what = f"{len(floats)} float tensors" if floats else f"{' and '.join(dtypes)} in and out"
        raise BadModel(
            f"{model.path} is no full-integer int8 model ({what}): "
            "name one that edgefmnist quantize --variant int8 made"
        )
    operators = tuple(str(one["op_name"]) for one in interpreter.operators(built))
    return Structure(operators=operators, input=_code(source), output=_code(target))


def _code(detail: dict[str, Any]) -> Code:
    scale, zero_point = detail["quantization"]
    return Code(scale=float(scale), zero_point=int(zero_point))
