"""What a quantized model must be before it is released."""

from __future__ import annotations

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
    if config.variant == "int8" and (names := interpreter.float_tensors(model.path)):
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
