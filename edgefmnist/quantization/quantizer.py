"""From a trained model to a released bundle: convert, compare, gate, write."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgefmnist import evaluate
from edgefmnist.dataset import Samples
from edgefmnist.errors import UsageError
from edgefmnist.quantization import convert, gate, paired
from edgefmnist.quantization.job import Job, open_job
from edgefmnist.quantization.records import (
    INTEGER_VARIANTS,
    QuantizeConfig,
    QuantizeObserver,
    QuantizeResult,
    Throughout,
)
from edgefmnist.quantization.release import checked_out, release
from edgefmnist.quantization.selective import Calibrated
from edgefmnist.quantization.source import read_source
from edgefmnist.records import GarmentFrames
from edgefmnist.runtime import bundle
from edgefmnist.runtime.classifier import Floats
from edgefmnist.runtime.model_file import ModelFile


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
    if config.keep_float and config.variant != "int8":
        raise UsageError(f"--keep-float is for int8 models, not for {config.variant}")
    source = read_source(config.source)
    out = checked_out(config, source, config.variant)
    job = open_job(source, config, train, frames, observer)
    with tempfile.TemporaryDirectory() as folder:
        float_model = ModelFile(name="float32", path=Path(folder) / "float32.tflite")
        quantized = ModelFile(name=config.variant, path=Path(folder) / bundle.MODEL)
        observer.stage("Converting to float32")
        float_model.path.write_bytes(convert.convert(job.model, "float32"))
        throughout, kept = _convert(config, job, quantized.path, observer)
        # What a look at the file shows, before a broken one is run.
        seen = gate.form(config.variant, quantized, kept)
        gate.refuse(config.variant, seen)
        float_logits, logits = (
            _logits(model, test, observer) for model in (float_model, quantized)
        )
        comparison = paired.compare(float_logits, logits, test.labels)
        checks = (job.input_scaling, *gate.check(config, comparison, seen))
        beside = None
        if throughout is not None:
            answers = _logits(throughout, test, observer)
            beside = Throughout(
                comparison=paired.compare(float_logits, answers, test.labels),
                size_bytes=throughout.path.stat().st_size,
            )
        card = release(
            out,
            job,
            config.variant,
            quantized,
            test,
            comparison,
            checks,
            observer,
            config.keep_float,
        )
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
        checks=checks,
        throughout=beside,
        out=out,
    )


def _convert(
    config: QuantizeConfig, job: Job, path: Path, observer: QuantizeObserver
) -> tuple[ModelFile | None, tuple[str, ...]]:
    """Write the converted model to `path`.

    Returns: the model in int8 throughout, and the outputs of the operators left in float; None and
    () where no layer is to be left in float.
    """
    images = job.calibration.images
    observer.stage(f"Converting to {config.variant}", len(images))
    if not config.keep_float:
        converted = convert.convert(job.model, config.variant, images, observer.progress)
        path.write_bytes(converted)
        return None, ()
    calibrated = Calibrated(job.model, images, path.parent, observer.progress)
    return calibrated.throughout, calibrated.keep(config.keep_float, path)


def _logits(model: ModelFile, test: Samples, observer: QuantizeObserver) -> Floats:
    observer.stage(f"Evaluating {model.name}", len(test.labels))
    return evaluate.logits(model, test.images, observer.progress)
