"""How many calibration pictures an int8 model needs, and whether it matters which."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from itertools import pairwise, takewhile
from pathlib import Path

from edgefmnist import evaluate
from edgefmnist.dataset import Samples
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert, nodes, paired, representative
from edgefmnist.quantization.nodes import Node
from edgefmnist.quantization.records import Comparison, QuantizeObserver
from edgefmnist.quantization.source import read_source
from edgefmnist.records import Evaluation
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.model_file import ModelFile

UNSTEADY = 0.2
"""`RangePair.difference` from which on a range hangs on the choice of calibration pictures."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StudyConfig:
    """A study of how many calibration pictures an int8 model needs.

    counts: numbers of pictures, ascending. subsets: how many times each, of other pictures; two at
    least.
    """

    source: Path
    counts: tuple[int, ...]
    subsets: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StudyPoint:
    """An int8 model calibrated on one subset of the training pictures.

    comparison: against float32 on the validation pictures.
    """

    count: int
    subset: int
    comparison: Comparison


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RangePair:
    """The range of one tensor as two disjoint subsets of the same size give it.

    layer: the Keras layer that the tensor is of; op: the operator that makes it.
    first, second: lowest and highest value that int8 can stand for.
    """

    layer: str
    op: str
    tensor: str
    first: tuple[float, float]
    second: tuple[float, float]

    @property
    def difference(self) -> float:
        """How far apart the two ranges are, as a share of the narrower one.

        The greatest of the differences of lower ends, of upper ends and of widths. A step is 1/255
        of the width and the power of rounding noise is step^2 / 12 (Widrow and Kollár 2008,
        "Quantization Noise"): a range that is wider by a share r has steps coarser by r and noise
        louder by 20 log10(1 + r) dB, 1.6 dB for 20 %. An end that lies lower by a share r of the
        width cuts off that much of what the other subset shows.
        """
        width, other = (high - low for low, high in (self.first, self.second))
        ends = (abs(a - b) for a, b in zip(self.first, self.second, strict=True))
        return max(abs(width - other), *ends) / min(width, other)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """Points by count and subset, and for each count the ranges that its first two subsets give."""

    name: str
    float_eval: Evaluation
    points: tuple[StudyPoint, ...]
    ranges: dict[int, tuple[RangePair, ...]]
    runtime: str

    def flagged(self, count: int) -> tuple[RangePair, ...]:
        """Ranges at `count` that differ by more than `UNSTEADY`, the worst first."""
        pairs = sorted(self.ranges[count], key=lambda pair: -pair.difference)
        return tuple(pair for pair in pairs if pair.difference > UNSTEADY)

    @property
    def steady_from(self) -> int | None:
        """The least count from which on no range is flagged; None where one is at the last."""
        return self._from(lambda count: not self.flagged(count))

    @property
    def lossless_from(self) -> int | None:
        """The least count from which on no subset loses more than chance would; None likewise."""
        losing = {point.count for point in self.points if point.comparison.drop_interval_pp[0] > 0}
        return self._from(lambda count: count not in losing)

    def _from(self, holds: Callable[[int], bool]) -> int | None:
        counts = sorted(self.ranges, reverse=True)
        return min(takewhile(holds, counts), default=None)


def study(config: StudyConfig, train: Samples, observer: QuantizeObserver) -> StudyResult:
    """Calibrate on subsets of each size, none sharing a picture with another of its size.

    Each int8 model is held against float32 on the validation pictures; the test pictures are not
    looked at. Of each size the first subset is the one that `quantize` takes.

    Raises: BadInput, BadModel, UsageError (more pictures than there are), CannotWrite.
    """
    source = read_source(config.source)
    train_at, validation = source.split(train)
    seeds = tuple((source.seed or 0) + k for k in range(config.subsets))
    drawn = {
        count: representative.disjoint(train, train_at, count, seeds) for count in config.counts
    }
    require_tensorflow()
    observer.stage("Loading the model")
    model = convert.load_keras(source.keras)
    points, ranges = [], {}
    with tempfile.TemporaryDirectory() as folder, convert.saved_model(model) as saved:
        observer.stage("Evaluating float32", len(validation.labels))
        float_model = ModelFile(name="float32", path=Path(folder) / "float32.tflite")
        float_model.path.write_bytes(convert.convert_saved(saved, "float32"))
        reference = evaluate.logits(float_model, validation.images, observer.progress)
        total = len(config.counts) * config.subsets
        observer.stage("Calibrating and evaluating int8", total)
        for count, subsets in drawn.items():
            operators = []
            for subset, calibration in enumerate(subsets):
                int8 = ModelFile(name="int8", path=Path(folder) / f"{count}-{subset}.tflite")
                int8.path.write_bytes(convert.convert_saved(saved, "int8", calibration.images))
                logits = evaluate.logits(int8, validation.images)
                comparison = paired.compare(reference, logits, validation.labels)
                points.append(StudyPoint(count=count, subset=subset, comparison=comparison))
                observer.progress(len(points), total)
                if subset < 2:
                    operators.append(nodes.read(int8, model))
            ranges[count] = _pair(*operators)
    return StudyResult(
        name=source.name,
        float_eval=points[0].comparison.float_eval,
        points=tuple(points),
        ranges=ranges,
        runtime=interpreter.provider()[1],
    )


def _pair(first: tuple[Node, ...], second: tuple[Node, ...]) -> tuple[RangePair, ...]:
    """The ranges of two conversions of one model, operator by operator.

    Pooling and reshaping hand on the range of what they are given; it counts once.
    """
    pairs = [
        RangePair(
            layer=one.layer, op=one.op, tensor=one.tensor, first=_range(one), second=_range(other)
        )
        for one, other in zip(first, second, strict=True)
    ]
    return (
        *pairs[:1],
        *(
            after
            for before, after in pairwise(pairs)
            if (before.first, before.second) != (after.first, after.second)
        ),
    )


def _range(node: Node) -> tuple[float, float]:
    """What int8 -128..127 stands for."""
    return (-128 - node.zero_point) * node.scale, (127 - node.zero_point) * node.scale
