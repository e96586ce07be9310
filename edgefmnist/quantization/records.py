"""What goes into a quantization and what comes out."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from edgefmnist.environment import Conditions
from edgefmnist.records import Evaluation, GarmentFrames
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.model_file import ModelFile

Variant = Literal["int8", "int16x8", "float16", "dynamic", "float32"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
INTEGER_VARIANTS: tuple[Variant, ...] = ("int8", "int16x8")
"""Those with integer activations, whose ranges must be calibrated."""

Goal = Literal["fastest", "smallest", "most-accurate"]
SELECTED = "selected"
"""Name of the folder, in the run's, that the chosen variant is released to."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeConfig:
    """One quantization, fully decided.

    calibration_count: pictures in the representative dataset.
    max_drop_pp: most accuracy that may be lost, in percentage points.
    out: folder that becomes the bundle; None: beside the model, named after the variant.
    other_seeds: runs that differ in the seed alone, whose accuracy the card tells.
    keep_float: Keras layers that stay in float32 while the rest becomes int8.
    """

    source: Path
    variant: Variant = "int8"
    calibration_count: int = 500
    max_drop_pp: float = 0.5
    out: Path | None = None
    other_seeds: tuple[Path, ...] = ()
    keep_float: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The float and the quantized model on the same test pictures, through the same runtime.

    drop_pp: float accuracy less quantized accuracy, percentage points.
    drop_interval_pp: 95 % interval of the drop (`edgefmnist.quantization.paired`).
    agreement: share of pictures with the same answer from both, right or wrong, 0..1.
    predicted_classes: how many different classes the quantized model answers at all.
    float_ece, quantized_ece: expected calibration error of both, 0..1, under one temperature
        (`edgefmnist.quantization.paired`).
    """

    float_eval: Evaluation
    quantized_eval: Evaluation
    drop_pp: float
    drop_interval_pp: tuple[float, float]
    agreement: float
    predicted_classes: int
    float_ece: float
    quantized_ece: float

    @property
    def worst_class(self) -> tuple[str, float]:
        """The class that lost the most recall, and how much, in percentage points."""
        before, after = self.float_eval.per_class, self.quantized_eval.per_class
        lost = {label: 100 * (before[label] - after[label]) for label in before}
        return max(lost.items(), key=lambda item: item[1])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One demand on a model before it is released.

    value, relation, limit, unit: what was found and what is asked for, such as 0.21 <= 0.5 points.
    reason: what it means that the demand is not met, and what to do; "" where it is met.
    """

    name: str
    value: float | str
    relation: Literal["<=", ">=", "=="]
    limit: float | str
    unit: str = ""
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the demand is met."""
        return not self.reason

    def __str__(self) -> str:
        value, limit = (
            one if isinstance(one, str) else f"{one:.4g}" for one in (self.value, self.limit)
        )
        return f"{value} {self.relation} {limit} {self.unit}".rstrip()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Throughout:
    """The model in int8 throughout, beside which one with layers left in float is measured."""

    comparison: Comparison
    size_bytes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeResult:
    """A released bundle. Sizes are of the two `.tflite` files.

    calibration_per_class: calibration pictures by class; empty where it was on own frames.
    frames: the own frames it was calibrated on, None where on the training split.
    checks: what the gate asked for, all of it met.
    throughout: None where no layer was left in float.
    """

    comparison: Comparison
    card: BundleCard
    checks: tuple[GateCheck, ...]
    throughout: Throughout | None
    float_size_bytes: int
    quantized_size_bytes: int
    calibration_per_class: dict[str, int]
    frames: GarmentFrames | None
    out: Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LayerError:
    """How far one operator's int8 output is from its float output.

    layer: the Keras layer that begins its work; layers: all that were fused into it.
    op: its kind, such as CONV_2D. tensor: the converter's name for its output.
    values: in its output for one picture.
    sqnr_db: of the operator alone, given the same int8 input; accumulated_sqnr_db: against the
        float32 model since the input. Decibels; None where nothing is lost.
    saturated: share of its values that are cut off, 0..1.
    scale, zero_point: of its output.
    """

    layer: str
    layers: tuple[str, ...]
    op: str
    tensor: str
    values: int
    sqnr_db: float | None
    accumulated_sqnr_db: float | None
    saturated: float
    scale: float
    zero_point: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LeftInFloat:
    """What the int8 model answers on the validation pictures with `layers` left in float32.

    layers: Keras layers; none for the model in int8 throughout.
    agreement: share of pictures answered as by the float32 model, 0..1.
    gain_pp, gain_interval_pp: of agreement over int8 throughout; the intervals of all layers that
        were tried hold at once with 95 %.
    drop_pp: accuracy lost against float32.
    """

    layers: tuple[str, ...]
    agreement: float
    gain_pp: float
    gain_interval_pp: tuple[float, float]
    drop_pp: float
    size_bytes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LayersResult:
    """The error of every operator of a model in int8.

    rows: in the model's order. worst: those with the least `sqnr_db`, the worst first.
    throughout: in int8 without exception; kept: with each of the worst layers left in float, and
        with all of them.
    pictures: validation pictures that the errors were read on; validation_count: those that
    `throughout` and `kept` answered.
    """

    name: str
    rows: tuple[LayerError, ...]
    worst: tuple[LayerError, ...]
    throughout: LeftInFloat
    kept: tuple[LeftInFloat, ...]
    pictures: int
    validation_count: int
    calibration_count: int

    @property
    def suggested(self) -> LeftInFloat | None:
        """The smallest model of those that may be as good as the best; None where none helps.

        What chance can do counts neither as help nor as being better.
        """
        helping = [one for one in self.kept if one.gain_interval_pp[0] > 0]
        most = max((one.gain_pp for one in helping), default=0.0)
        as_good = [one for one in helping if one.gain_interval_pp[1] >= most]
        return min(as_good, key=lambda one: one.size_bytes, default=None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VariantRow:
    """One variant of a model beside the others.

    windows_us: median latency of one picture in each window, one thread, microseconds; empty where
        none was measured.
    test, validation: against float32 on either set.
    right: bool [n], which validation pictures it answers right.
    refused: what the gate has against it on the validation pictures; None where it passes.
    """

    variant: Variant
    size_bytes: int
    windows_us: tuple[float, ...]
    test: Comparison
    validation: Comparison
    right: npt.NDArray[np.bool_]
    refused: str | None

    @property
    def p50_us(self) -> float:
        """Median of the windows."""
        return statistics.median(self.windows_us)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The variant that was chosen and released. reason: in a sentence."""

    goal: Goal
    variant: Variant
    reason: str
    card: BundleCard
    out: Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VariantsResult:
    """All variants of one model, float32 first.

    name: of the model. calibration_count, calibration_origin: as in `BundleCard`, for the integer
    variants. conditions: the machine while they were timed, None where they were not. runtime:
    package and version.
    """

    name: str
    rows: tuple[VariantRow, ...]
    max_drop_pp: float
    calibration_count: int
    calibration_origin: str
    frames: GarmentFrames | None
    conditions: Conditions | None
    runtime: str
    selection: Selection | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Latency of one picture on one thread, for several models in turns.

    windows_us: for each model the median of each window, as many for all, microseconds; the windows
        of a model are independent, processes of their own.
    """

    windows_us: tuple[tuple[float, ...], ...]
    conditions: Conditions


TimeModels = Callable[[Sequence[ModelFile], Callable[[int, int], None]], Timings]
"""Times models, telling windows done and windows in all; `edgefmnist.quantization.variants` is
handed it, since it may not know `edgefmnist.bench`."""


class QuantizeObserver(Protocol):
    """Is told of a quantization's course."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; total: its length where it is known."""

    def progress(self, done: int, total: int) -> None:
        """The running stage has done so much."""
