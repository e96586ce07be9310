"""How many calibration pictures an int8 model needs, and whether it matters which."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from edgefmnist import evaluate
from edgefmnist.dataset import Samples
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert, nodes, paired, representative
from edgefmnist.quantization.nodes import Node
from edgefmnist.quantization.records import (
    QuantizeObserver,
    RangePair,
    StudyConfig,
    StudyPoint,
    StudyResult,
)
from edgefmnist.quantization.source import read_source
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.models import ModelFile


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
