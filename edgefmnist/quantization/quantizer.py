"""From a trained model to a released bundle: convert, compare, gate, write."""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist import __version__, evaluate, files
from edgefmnist.dataset import Samples, split_validation, stratified_sample
from edgefmnist.dataset.catalogue import ALL_FILES
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.errors import BadInput, UsageError
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.preprocess import PREPROCESS_ID
from edgefmnist.quantization import calibration, card, convert, gate, paired
from edgefmnist.quantization.calibration import Certainty
from edgefmnist.quantization.records import (
    Comparison,
    QuantizeConfig,
    QuantizeObserver,
    QuantizeResult,
)
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle, golden
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import ModelFile

_VALIDATION_COUNT = 5_000
"""Held out where a bare `.keras` is quantized, of which nobody knows what it was trained on."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A trained model; recipe and the rest: None where no `result.json` tells of it.

    accuracy: in float32 on the test pictures.
    """

    keras: Path
    name: str
    validation_count: int = _VALIDATION_COUNT
    recipe: str | None = None
    seed: int | None = None
    epochs: int | None = None
    accuracy: float | None = None
    training_seconds: float | None = None
    training_device: str | None = None
    teachers: dict[str, str] = dataclasses.field(default_factory=dict)


def quantize(
    config: QuantizeConfig, train: Samples, test: Samples, observer: QuantizeObserver
) -> QuantizeResult:
    """Convert the model, measure what that cost on the test pictures, and write a bundle.

    The representative dataset is stratified and comes from the training split alone; temperature
    and the unknown score are fitted on the validation pictures.

    Raises: BadInput, BadModel, UsageError (calibration count), CannotWrite; GateRefused when the
    model must not be released, in which case nothing is written.
    """
    source = _source(config.source)
    out = files.output_folder(
        config.out or source.keras.parent / config.variant, "a bundle", bundle.is_bundle
    )
    if not math.isfinite(config.max_drop_pp):
        raise UsageError(f"--max-drop {config.max_drop_pp}: give a number of points, such as 0.5")
    other_seeds = _other_seeds(source, config.other_seeds)
    require_tensorflow()
    train_at, validation_at = split_validation(train.labels, source.validation_count, SPLIT_SEED)
    chosen = train_at[
        stratified_sample(train.labels[train_at], config.calibration_count, source.seed or 0)
    ]
    observer.stage("Loading the model")
    model = convert.load_keras(source.keras)
    with tempfile.TemporaryDirectory() as folder:
        float_model = ModelFile(name="float32", path=Path(folder) / "float32.tflite")
        quantized = ModelFile(name=config.variant, path=Path(folder) / bundle.MODEL)
        observer.stage("Converting to float32")
        float_model.path.write_bytes(convert.convert(model, "float32"))
        observer.stage(f"Converting to {config.variant}", config.calibration_count)
        quantized.path.write_bytes(
            convert.convert(model, config.variant, train.images[chosen], observer.progress)
        )
        comparison = _compare(float_model, quantized, config, test, observer)
        gate.check(config, comparison, quantized)
        validation = Samples(images=train.images[validation_at], labels=train.labels[validation_at])
        certainty = _certainty(quantized, validation, observer)
        record = _card(config, source, model, comparison, quantized, certainty)
        record = dataclasses.replace(record, other_seeds=other_seeds)
        sizes = float_model.path.stat().st_size, quantized.path.stat().st_size
        _release(out, quantized, record, comparison, test)
    calibrated = chosen[: _calibration_count(config)]
    counts = np.bincount(train.labels[calibrated], minlength=len(LABELS))
    return QuantizeResult(
        comparison=comparison,
        card=record,
        float_size_bytes=sizes[0],
        quantized_size_bytes=sizes[1],
        calibration_per_class=dict(zip(LABELS, counts.tolist(), strict=True)),
        out=out,
    )


def _calibration_count(config: QuantizeConfig) -> int:
    return config.calibration_count if config.variant in ("int8", "int16x8") else 0


def _source(path: Path) -> _Source:
    keras = path / "model.keras" if path.is_dir() else path
    if not keras.is_file() and (path / "checkpoint.json").is_file():
        raise BadInput(f"the training in {path} is not finished: go on with train --resume")
    if not keras.is_file():
        raise BadInput(
            f"no trained model at {keras}: name a run folder or a .keras file, "
            "or train one first: edgefmnist train"
        )
    told = keras.with_name("result.json")
    if keras.name != "model.keras" or not told.is_file():
        return _Source(keras=keras, name=keras.stem)
    try:
        run = json.loads(told.read_text(encoding="utf-8"))
        return _Source(
            keras=keras,
            name=run["recipe"]["name"],
            validation_count=int(run["validation_count"]),
            recipe=run["recipe"]["name"],
            seed=int(run["seed"]),
            epochs=int(run["epochs"]),
            accuracy=float(run["test"]["accuracy"]),
            training_seconds=float(run["seconds"]),
            training_device=f"{run['device']}, {run['versions']['backend']}, {run['precision']}",
            teachers=dict(run["teachers"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{told} is damaged: train again, or quantize {keras} alone") from error


def _other_seeds(source: _Source, runs: tuple[Path, ...]) -> dict[str, float]:
    """Accuracy of further trainings of the same recipe, by seed. Raises: BadInput, UsageError."""
    told: dict[str, float] = {}
    for run in runs:
        other = _source(run)
        if other.accuracy is None or (other.recipe, other.epochs, other.teachers) != (
            source.recipe,
            source.epochs,
            source.teachers,
        ):
            raise UsageError(
                f"--other-seed {run}: it was not trained as {source.keras.parent} was; "
                "name a run of the same recipe, epochs and teachers"
            )
        if other.seed == source.seed or str(other.seed) in told:
            raise UsageError(f"--other-seed {run}: seed {other.seed} is named twice")
        told[str(other.seed)] = other.accuracy
    return told


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


def _certainty(quantized: ModelFile, validation: Samples, observer: QuantizeObserver) -> Certainty:
    observer.stage("Calibrating scores", len(validation.labels))
    logits = evaluate.logits(quantized, validation.images, observer.progress)
    observer.stage("Calibrating what is unknown", len(validation.labels))
    shown, garment = calibration.camera_pictures(validation)
    shown_logits = evaluate.logits(quantized, shown, observer.progress)
    curve = calibration.known_curve(shown_logits, garment)
    return Certainty(
        temperature=calibration.temperature(logits, validation.labels),
        known_weight=curve[0],
        known_bias=curve[1],
        unknown_threshold=calibration.unknown_threshold(shown_logits, garment, curve),
    )


def _card(
    config: QuantizeConfig,
    source: _Source,
    model: Any,
    comparison: Comparison,
    quantized: ModelFile,
    certainty: Certainty,
) -> BundleCard:
    import keras
    import tensorflow as tf

    return BundleCard(
        name=source.name if config.variant == "int8" else f"{source.name}-{config.variant}",
        variant=config.variant,
        sha256=bundle.sha256_of(quantized.path),
        size_bytes=quantized.path.stat().st_size,
        labels=LABELS,
        recipe=source.recipe,
        seed=source.seed,
        epochs=source.epochs,
        training_seconds=source.training_seconds,
        training_device=source.training_device,
        teachers=source.teachers,
        parameters=model.count_params(),
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
        calibration_count=_calibration_count(config),
        **dataclasses.asdict(certainty),
        preprocess=PREPROCESS_ID,
        runtime=Classifier(quantized).runtime,
        versions={
            "edgefmnist": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    )


def _release(
    out: Path, quantized: ModelFile, record: BundleCard, comparison: Comparison, test: Samples
) -> None:
    count = golden.PER_CLASS * len(LABELS)
    shown = test.images[stratified_sample(test.labels, count, seed=0)]
    with files.replacing_folder(out) as scratch:
        (scratch / bundle.MODEL).write_bytes(quantized.path.read_bytes())
        golden.write(scratch / bundle.GOLDEN, Classifier(quantized), shown)
        (scratch / bundle.README).write_text(card.text(record, comparison), encoding="utf-8")
        (scratch / bundle.CARD).write_text(record.to_text(), encoding="utf-8")
