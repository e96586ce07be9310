"""What a quantized model must be before it is released."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgefmnist.errors import GateRefused
from edgefmnist.quantization.records import Comparison, QuantizeConfig
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.models import ModelFile


def check(config: QuantizeConfig, comparison: Comparison, model: ModelFile) -> None:
    """Refuse a model that lost too much, collapsed, or is not the integer model it claims to be.

    Collapse and float tensors are refused whatever drop is allowed.

    Raises: GateRefused saying which, and by how much.
    """
    accuracy = comparison.quantized_eval.accuracy
    if comparison.predicted_classes == 1:
        raise GateRefused(
            f"the {config.variant} model answers one class for every picture ({accuracy:.2%} "
            "right): its inputs are scaled wrongly or its weights broke; no bundle was written"
        )
    if config.variant == "int8" and (names := float_tensors(model)):
        raise GateRefused(
            f"the int8 model has {len(names)} float tensors, the first {names[0]}: "
            "a layer was not quantized; no bundle was written"
        )
    if not comparison.drop_pp <= config.max_drop_pp:
        low, high = comparison.drop_interval_pp
        raise GateRefused(
            f"the {config.variant} model loses {comparison.drop_pp:.2f} points (95 % interval "
            f"{low:.2f} to {high:.2f}), {comparison.drop_pp - config.max_drop_pp:.2f} more than "
            f"--max-drop {config.max_drop_pp:g}; no bundle was written. Try more "
            "--calibration-samples or another --variant"
        )


def float_tensors(model: ModelFile) -> list[str]:
    """Names of the tensors of `model` that hold floating-point values."""
    built: Any = interpreter.build(model.path, threads=1, batch=1)
    return [
        detail["name"]
        for detail in built.get_tensor_details()
        if np.issubdtype(detail["dtype"], np.floating)
    ]
