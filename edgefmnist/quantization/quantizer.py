"""From a trained model to a released bundle: convert, compare, gate, write."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgefmnist import evaluate
from edgefmnist.dataset import Samples
from edgefmnist.quantization import convert, gate, paired
from edgefmnist.quantization.job import open_job
from edgefmnist.quantization.records import (
    INTEGER_VARIANTS,
    Comparison,
    QuantizeConfig,
    QuantizeObserver,
    QuantizeResult,
)
from edgefmnist.quantization.release import checked_out, release
from edgefmnist.quantization.source import read_source
from edgefmnist.records import GarmentFrames
from edgefmnist.runtime import bundle
from edgefmnist.runtime.models import ModelFile


def quantize(
    config: QuantizeConfig,
    train: Samples,
    test: Samples,
    observer: QuantizeObserver,
    frames: GarmentFrames | None = None,
) -> QuantizeResult:
    """Convert the model, measure what that cost on the test pictures, and write a bundle.

    frames: somebody's own, to calibrate on; None: pictures of the training split, stratified.

    Raises: BadInput, BadModel, BadPicture (too few frames), UsageError (calibration count),
    CannotWrite; GateRefused when the model must not be released, in which case nothing is written.
    """
    source = read_source(config.source)
    out = checked_out(config.out or source.keras.parent / config.variant)
    job = open_job(source, config, train, test, frames, observer)
    with tempfile.TemporaryDirectory() as folder:
        float_model = ModelFile(name="float32", path=Path(folder) / "float32.tflite")
        quantized = ModelFile(name=config.variant, path=Path(folder) / bundle.MODEL)
        observer.stage("Converting to float32")
        float_model.path.write_bytes(convert.convert(job.model, "float32"))
        images = job.calibration.images
        observer.stage(f"Converting to {config.variant}", len(images))
        quantized.path.write_bytes(
            convert.convert(job.model, config.variant, images, observer.progress)
        )
        comparison = _compare(float_model, quantized, config, test, observer)
        gate.check(config, comparison, quantized)
        card = release(out, job, config.variant, quantized, comparison, observer)
        sizes = float_model.path.stat().st_size, quantized.path.stat().st_size
    return QuantizeResult(
        comparison=comparison,
        card=card,
        float_size_bytes=sizes[0],
        quantized_size_bytes=sizes[1],
        calibration_per_class=(
            job.calibration.per_class if config.variant in INTEGER_VARIANTS else {}
        ),
        frames=frames,
        out=out,
    )


def _compare(
    float_model: ModelFile,
    quantized: ModelFile,
    config: QuantizeConfig,
    test: Samples,
    observer: QuantizeObserver,
) -> Comparison:
    answers = []
    for model in (float_model, quantized):
        observer.stage(f"Evaluating {model.name}", len(test.labels))
        answers.append(evaluate.logits(model, test.images, observer.progress).argmax(axis=1))
    return paired.compare(answers[0], answers[1], test.labels)
