"""What a model must be before it is released: a list of demands, each with what was found.

    input scaling    the float model wants raw intensities: it was not trained on normalised ones,
                     and does not normalise twice
    number format    an int8 model takes and gives int8; one with float ends is dynamic-range
    input scale      the integer input says how intensities become integers
    input range      it can take 0..255, and
    input levels     these do not fall on a few of its steps
    float tensors    none in an integer model, but those of layers that were kept in float
    classes answered more than one
    drop             accuracy lost, at most --max-drop
    agreement        pictures with the same answer from both models
    class drop       recall that the worst class lost
    confidence drift expected calibration error after, less that before

The drop is judged by its measured value, as one would read it in the table; where its 95 % interval
reaches over the limit, the result says so. All but `drop` is refused whatever --max-drop is; what
depends on the accuracy lost takes it into account.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np

from edgefmnist.certainty import loss
from edgefmnist.dataset import Samples
from edgefmnist.errors import GateRefused
from edgefmnist.quantization import nodes
from edgefmnist.quantization.records import Comparison, GateCheck, QuantizeConfig, Variant
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.model_file import ModelFile

_DTYPES = {"int8": "int8", "int16x8": "int16"}
_LEAST_SCALE = 1e-6
_LEAST_RANGE = 0.95
_LEAST_LEVELS = 0.4
"""A symmetric range, which int16x8 has, uses half of its steps."""
_AGREEMENT_SLACK = 0.02
"""Share of the pictures that may change their answer beyond those that the allowed drop takes.
Sound int8 models change 0.3 to 1.2 % of them; one calibrated on pictures half as bright, 6 %."""
_CLASS_SLACK_PP = 3.0
"""What one class may lose beyond the allowed drop: look-alike classes trade up to two points in
sound models, and with 1,000 pictures a class chance alone makes half a point (standard error)."""
_MOST_DRIFT = 0.02
"""Sound int8 models drift by 0.1 or 0.2 points, either way."""
_PROBED = 1_000
_KNOWS = 1.5
"""Cross-entropy under which a model knows something; guessing among ten has ln 10 = 2.3."""

Checks = tuple[GateCheck, ...]


def input_scaling(model: Any, held_out: Samples) -> GateCheck:
    """Whether a Keras model is at its best on raw intensities, 0..255.

    It is asked about the same pictures as they are, divided by 255 and multiplied by 255; the
    scaling with the least cross-entropy is the one it was trained for. Accuracy does not tell: of a
    network of ReLUs the scale of the inputs changes the size of the answers, not their order.
    """
    pictures = held_out.images[:_PROBED, ..., np.newaxis].astype(np.float32)
    losses = {}
    for words, factor in (("as they are", 1), ("over 255", 1 / 255), ("times 255", 255)):
        answers = model.predict(pictures * np.float32(factor), verbose=0, batch_size=_PROBED)
        if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=1e-3):
            answers = np.log(np.maximum(answers, 1e-12))  # it ends in a softmax
        losses[words] = loss(answers, held_out.labels[: len(pictures)])
    best = min(losses, key=losses.__getitem__)
    if losses[best] > _KNOWS:  # it knows nothing under any scaling
        best = "as they are"
    rescales = any(type(layer).__name__ == "Rescaling" for layer in model._flatten_layers())
    reasons = {
        "as they are": "",
        "over 255": f"inputs {'normalised twice' if rescales else 'not normalised'}: the pictures "
        "it was trained on were divided by 255 outside the model, and here it gets raw "
        "intensities. Leave the rescaling to the model alone, by keras.layers.Rescaling(1 / 255), "
        "and train again",
        "times 255": "inputs normalised twice: the model divides by 255 more than once. Take the "
        "second rescaling out",
    }
    return GateCheck(
        name="input scaling",
        value=best,
        relation="==",
        limit="as they are",
        reason=reasons[best],
    )


def form(variant: Variant, model: ModelFile, kept: Collection[str] = ()) -> Checks:
    """What can be seen of a model without running it.

    kept: names of the outputs of the operators that shall be in float.
    """
    built: Any = interpreter.read(model.path, content=model.content)
    (source,), (answer,) = built.get_input_details(), built.get_output_details()
    checks = [_number_format(variant, source, answer, _holds_int8_weights(built))]
    if variant in _DTYPES:
        if np.dtype(source["dtype"]).kind == "i":
            checks += _input_range(source)
        stray = _float_tensors(built, kept)
        reason = (
            f"{len(stray)} float tensors, the first {min(stray, default='')}: "
            "a layer was not quantized"
        )
        checks.append(_demand("float tensors", len(stray), "<=", 0, "", reason))
    return tuple(checks)


def measured(config: QuantizeConfig, comparison: Comparison) -> Checks:
    """What the comparison with the float model shows."""
    allowed = max(0.0, config.max_drop_pp)
    label, lost = comparison.worst_class
    low, high = comparison.drop_interval_pp
    drift = comparison.quantized_ece - comparison.float_ece
    accuracy = comparison.quantized_eval.accuracy
    return (
        _demand(
            "classes answered",
            comparison.predicted_classes,
            ">=",
            2,
            "",
            f"it answers one class for every picture ({accuracy:.2%} right): its inputs are scaled "
            "wrongly or its weights broke",
        ),
        _demand(
            "drop",
            comparison.drop_pp,
            "<=",
            config.max_drop_pp,
            "points",
            f"it loses {comparison.drop_pp:.2f} points (95 % interval {low:.2f} to {high:.2f}), "
            f"{comparison.drop_pp - config.max_drop_pp:.2f} more than --max-drop "
            f"{config.max_drop_pp:g}. Try more --calibration-samples, another --variant, or "
            "edgefmnist layers to see where it is lost",
        ),
        _demand(
            "agreement",
            100 * comparison.agreement,
            ">=",
            100 * (1 - _AGREEMENT_SLACK) - allowed,
            "%",
            f"only {comparison.agreement:.2%} of the answers are those of the float model, "
            "whatever the accuracy: the calibration pictures are not like the real ones",
        ),
        _demand(
            "class drop",
            lost,
            "<=",
            allowed + _CLASS_SLACK_PP,
            "points",
            f"{label} loses {lost:.1f} points of its recall: see edgefmnist layers",
        ),
        _demand(
            "confidence drift",
            100 * drift,
            "<=",
            100 * _MOST_DRIFT,
            "points",
            f"its confidences are off: expected calibration error {comparison.quantized_ece:.2%}, "
            f"the float model's is {comparison.float_ece:.2%}. Its output has a wrong scale or is "
            "cut off",
        ),
    )


def refuse(variant: Variant, checks: Checks) -> None:
    """Raises: GateRefused where a demand is not met, saying which, and by how much."""
    failed = [check for check in checks if not check.passed]
    if failed:
        others = ", ".join(f"{check.name} {check}" for check in failed[1:])
        raise GateRefused(
            f"the {variant} model fails the gate on {failed[0].name} ({failed[0]}): "
            f"{failed[0].reason}; no bundle was written"
            + (f". It also fails on {others}" if others else "")
        )


def check(config: QuantizeConfig, comparison: Comparison, seen: Checks) -> Checks:
    """All demands on a converted model.

    seen: what `form` found of it.
    Returns: what was asked for, all of it met.
    Raises: GateRefused.
    """
    checks = (*seen, *measured(config, comparison))
    refuse(config.variant, checks)
    return checks


def _demand(
    name: str, value: float, relation: Literal["<=", ">="], limit: float, unit: str, reason: str
) -> GateCheck:
    """A demand on a number, which is not met by what is no number."""
    met = value <= limit if relation == "<=" else value >= limit
    return GateCheck(
        name=name,
        value=value,
        relation=relation,
        limit=limit,
        unit=unit,
        reason="" if met else reason,
    )


def _number_format(
    variant: Variant, source: dict[str, Any], answer: dict[str, Any], int8_weights: bool
) -> GateCheck:
    wanted = _DTYPES.get(variant, "float32")
    found = [np.dtype(detail["dtype"]).name for detail in (source, answer)]
    reason = ""
    if found != [wanted, wanted]:
        reason = f"it takes {found[0]} and gives {found[1]}"
        if wanted != "float32" and "float32" in found and int8_weights:
            reason += (
                ": a dynamic-range model, whose weights alone are int8. It was converted without a "
                "representative dataset or without integer input and output"
            )
    return GateCheck(
        name="number format",
        value=" to ".join(found),
        relation="==",
        limit=f"{wanted} to {wanted}",
        reason=reason,
    )


def _input_range(source: dict[str, Any]) -> Checks:
    """That the integer input of the tensor `source` can take intensities, 0..255."""
    scale, zero_point = source["quantization"]
    if not scale:
        reason = (
            "the input has no scale and zero point, so pictures would be fed as they come. "
            "Convert it again"
        )
        return (_demand("input scale", scale, ">=", _LEAST_SCALE, "", reason),)
    limits = np.iinfo(source["dtype"])
    low, high = ((limit - zero_point) * scale for limit in (limits.min, limits.max))
    covered = max(0.0, min(high, 255) - max(low, 0)) / 255
    span = f"it can take {low:.3g} to {high:.3g} of 0..255"
    return (
        _demand("input scale", scale, ">=", _LEAST_SCALE, "", ""),
        _demand(
            "input range",
            100 * covered,
            ">=",
            100 * _LEAST_RANGE,
            "% of 0..255",
            f"inputs normalised twice: {span}, so the calibration pictures had been divided by "
            "255, and the model does that again"
            if high <= 2
            else f"{span}, and cuts off what is brighter: calibrate on raw intensities",
        ),
        _demand(
            "input levels",
            100 * min(1.0, 255 / (high - low)),
            ">=",
            100 * _LEAST_LEVELS,
            "% of its steps",
            f"{span}, which fall on few of its steps: the calibration pictures were brighter than "
            "255",
        ),
    )


def _holds_int8_weights(built: Any) -> bool:
    return any(detail["dtype"] == np.int8 for detail in built.get_tensor_details())


def _float_tensors(built: Any, kept: Collection[str]) -> set[str]:
    """Names of the float tensors of an interpreter's model that no `kept` operator works on."""
    tensors = {detail["index"]: detail for detail in built.get_tensor_details()}
    floats = {i for i, one in tensors.items() if np.issubdtype(one["dtype"], np.floating)}
    for operator in interpreter.operators(built):
        if nodes.as_float(kept) & {tensors[i]["name"] for i in operator["outputs"]}:
            floats -= {*operator["inputs"], *operator["outputs"]}
    return {tensors[i]["name"] for i in floats}
