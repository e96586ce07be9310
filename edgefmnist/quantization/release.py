"""Writing a bundle: its record, its golden vectors and its card."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from edgefmnist import __version__, evaluate, files, folders
from edgefmnist.certainty import Flags, known_curve, temperature, unknown_threshold
from edgefmnist.dataset import Samples, stratified_sample
from edgefmnist.dataset.catalogue import ALL_FILES
from edgefmnist.preprocess import PREPROCESS_ID
from edgefmnist.quantization import calibration, card
from edgefmnist.quantization.gate import Checks
from edgefmnist.quantization.job import Job
from edgefmnist.quantization.records import (
    INTEGER_VARIANTS,
    Comparison,
    QuantizeConfig,
    QuantizeObserver,
    Variant,
)
from edgefmnist.quantization.remembering import remember
from edgefmnist.quantization.source import Source
from edgefmnist.records import LABELS, Certainty
from edgefmnist.runtime import bundle, golden
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.classifier import Classifier, Pictures
from edgefmnist.runtime.memory import MEMORY
from edgefmnist.runtime.model_file import ModelFile


def checked_out(config: QuantizeConfig, source: Source, name: str) -> Path:
    """Where the bundle goes, once it is clear that it may be put there.

    name: of its folder in the run's, where `config` names none.
    Raises: UsageError, CannotWrite.
    """
    out = config.out or source.keras.parent / name
    return files.output_folder(out, "a bundle", bundle.is_bundle)


def release(
    out: Path,
    job: Job,
    variant: Variant,
    quantized: ModelFile,
    test: Samples,
    comparison: Comparison,
    checks: Checks,
    observer: QuantizeObserver,
    keep_float: tuple[str, ...] = (),
) -> BundleCard:
    """Fit what `quantized` says of its certainty and write it to `out` as a bundle.

    test: for reporting, and the golden vectors are some of them; comparison: on them. Temperature
    and the unknown score are fitted on the validation pictures. checks: what the gate asked for.
    keep_float: Keras layers left in float32.
    Raises: BadInput, CannotWrite.
    """
    observer.stage("Making pictures of what is unknown")
    shown, garment = calibration.camera_pictures(job.validation)
    certainty = fit_certainty(quantized, job.validation, shown, garment, observer)
    record = _card(job, variant, quantized, comparison, certainty)
    record = dataclasses.replace(
        record, keep_float=keep_float, gate={check.name: str(check) for check in checks}
    )
    count = golden.PER_CLASS * len(LABELS)
    checked = test.images[stratified_sample(test.labels, count, seed=0)]
    memory = remember(quantized, job.validation, shown, garment, certainty)
    with folders.replacing_folder(out) as scratch:
        (scratch / bundle.MODEL).write_bytes(quantized.read())
        golden.write(scratch / bundle.GOLDEN, Classifier(quantized), checked)
        if memory is not None:
            memory.write(scratch / MEMORY)
        (scratch / bundle.README).write_text(card.text(record, comparison), encoding="utf-8")
        (scratch / bundle.CARD).write_text(record.to_text(), encoding="utf-8")
    return record


def fit_certainty(
    quantized: ModelFile,
    validation: Samples,
    shown: Pictures,
    garment: Flags,
    observer: QuantizeObserver,
) -> Certainty:
    """What suits a model's answers to `validation` and to `calibration.camera_pictures` of it."""
    observer.stage("Calibrating scores", len(validation.labels))
    logits = evaluate.logits(quantized, validation.images, observer.progress)
    observer.stage("Calibrating what is unknown", len(shown))
    shown_logits = evaluate.logits(quantized, shown, observer.progress)
    curve = known_curve(shown_logits, garment)
    return Certainty(
        temperature=temperature(logits, validation.labels),
        known_weight=curve[0],
        known_bias=curve[1],
        unknown_threshold=unknown_threshold(shown_logits, garment, curve),
    )


def _card(
    job: Job,
    variant: Variant,
    quantized: ModelFile,
    comparison: Comparison,
    certainty: Certainty,
) -> BundleCard:
    import keras
    import tensorflow as tf

    source = job.source
    classifier = Classifier(quantized)
    calibrated = variant in INTEGER_VARIANTS
    return BundleCard(
        name=source.name if variant == "int8" else f"{source.name}-{variant}",
        variant=variant,
        sha256=bundle.sha256_of(quantized.path),
        size_bytes=quantized.path.stat().st_size,
        labels=LABELS,
        recipe=source.recipe,
        seed=source.seed,
        epochs=source.epochs,
        training_seconds=source.training_seconds,
        training_device=source.training_device,
        settings=source.settings,
        teachers=source.teachers,
        start=source.start,
        photos=source.photos,
        other_seeds=job.other_seeds,
        parameters=job.model.count_params(),
        dataset_sha256={spec.name: spec.sha256 for spec in ALL_FILES},
        float_accuracy=comparison.float_eval.accuracy,
        quantized_accuracy=comparison.quantized_eval.accuracy,
        test_count=comparison.quantized_eval.total,
        drop_pp=round(comparison.drop_pp, 4),
        drop_interval_pp=(
            round(comparison.drop_interval_pp[0], 4),
            round(comparison.drop_interval_pp[1], 4),
        ),
        agreement=comparison.agreement,
        calibration_count=len(job.calibration.images) if calibrated else 0,
        calibration_origin=job.calibration.origin,
        **dataclasses.asdict(certainty),
        preprocess=PREPROCESS_ID,
        runtime=classifier.runtime,
        delegate=classifier.delegate,
        versions={
            "edgefmnist": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    )
