"""From a trained model to a released bundle: convert, compare, gate, write."""

from __future__ import annotations

import dataclasses
import json
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
from edgefmnist.quantization.records import (
    Comparison,
    QuantizeConfig,
    QuantizeObserver,
    QuantizeResult,
)
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle, golden
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.classifier import Classifier, softmax
from edgefmnist.runtime.models import ModelFile

_UNKNOWN_RUN: dict[str, Any] = {"validation_count": 5_000, "seed": 0, "epochs": 0}
"""Stands in for `result.json` where a bare `.keras` is quantized."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    keras: Path
    name: str
    run: dict[str, Any]


def quantize(
    config: QuantizeConfig, train: Samples, test: Samples, observer: QuantizeObserver
) -> QuantizeResult:
    """Convert the model, measure what that cost on the test pictures, and write a bundle.

    The representative dataset is stratified and comes from the training split alone; temperature
    and unknown threshold are fitted on the validation pictures.

    Raises: BadInput, BadModel, UsageError (calibration count), CannotWrite; GateRefused when the
    model must not be released, in which case nothing is written.
    """
    source = _source(config.source)
    out = config.out or source.keras.parent / config.variant
    require_tensorflow()
    train_at, validation_at = split_validation(
        train.labels, source.run["validation_count"], SPLIT_SEED
    )
    chosen = train_at[
        stratified_sample(train.labels[train_at], config.calibration_count, source.run["seed"])
    ]
    files.make_folder(out.parent)
    observer.stage("Loading the model")
    model = convert.load_keras(source.keras)
    with tempfile.TemporaryDirectory() as folder:
        plain = ModelFile(name="float32", path=Path(folder) / "float32.tflite")
        small = ModelFile(name=config.variant, path=Path(folder) / bundle.MODEL)
        observer.stage("Converting to float32")
        plain.path.write_bytes(convert.convert(model, "float32"))
        observer.stage(f"Converting to {config.variant}", config.calibration_count)
        small.path.write_bytes(
            convert.convert(model, config.variant, train.images[chosen], observer.progress)
        )
        comparison = _compare(plain, small, config, test, observer)
        gate.check(config, comparison, small)
        observer.stage("Calibrating scores", len(validation_at))
        validation = Samples(images=train.images[validation_at], labels=train.labels[validation_at])
        record = _card(config, source, model, comparison, small, validation, observer)
        sizes = plain.path.stat().st_size, small.path.stat().st_size
        _release(out, small, record, comparison, test)
    counts = np.bincount(train.labels[chosen], minlength=len(LABELS))
    return QuantizeResult(
        comparison=comparison,
        card=record,
        float_size_bytes=sizes[0],
        quantized_size_bytes=sizes[1],
        calibration_per_class=dict(zip(LABELS, counts.tolist(), strict=True)),
        out=out,
    )


def _source(path: Path) -> _Source:
    keras = path / "model.keras" if path.is_dir() else path
    if not keras.is_file():
        raise BadInput(
            f"no trained model at {keras}: name a run folder or a .keras file, "
            "or train one first: edgefmnist train"
        )
    told = keras.with_name("result.json")
    if not told.is_file():
        return _Source(keras=keras, name=keras.stem, run=_UNKNOWN_RUN)
    try:
        run = json.loads(told.read_text(encoding="utf-8"))
        return _Source(keras=keras, name=run["recipe"]["name"], run=_UNKNOWN_RUN | run)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{told} is damaged: train again, or quantize {keras} alone") from error


def _compare(
    plain: ModelFile,
    small: ModelFile,
    config: QuantizeConfig,
    test: Samples,
    observer: QuantizeObserver,
) -> Comparison:
    answers = []
    for model in (plain, small):
        observer.stage(f"Evaluating {model.name}", len(test.labels))
        answers.append(evaluate.logits(model, test.images, observer.progress).argmax(axis=1))
    return paired.compare(answers[0], answers[1], test.labels)


def _card(
    config: QuantizeConfig,
    source: _Source,
    model: Any,
    comparison: Comparison,
    small: ModelFile,
    validation: Samples,
    observer: QuantizeObserver,
) -> BundleCard:
    import keras
    import tensorflow as tf

    logits = evaluate.logits(small, validation.images, observer.progress)
    temperature = calibration.temperature(logits, validation.labels)
    return BundleCard(
        name=source.name if config.variant == "int8" else f"{source.name}-{config.variant}",
        variant=config.variant,
        sha256=bundle.sha256_of(small.path),
        size_bytes=small.path.stat().st_size,
        labels=LABELS,
        recipe=source.name,
        seed=source.run["seed"],
        epochs=source.run["epochs"],
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
        calibration_count=config.calibration_count,
        temperature=temperature,
        unknown_threshold=calibration.unknown_threshold(softmax(logits / temperature)),
        preprocess=PREPROCESS_ID,
        runtime=Classifier(small).runtime,
        versions={
            "edgefmnist": __version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
        },
    )


def _release(
    out: Path, small: ModelFile, record: BundleCard, comparison: Comparison, test: Samples
) -> None:
    if out.exists() and not (out / bundle.CARD).is_file() and any(out.iterdir()):
        raise UsageError(
            f"{out} holds something else than a bundle: name another folder with --out"
        )
    count = golden.PER_CLASS * len(LABELS)
    shown = test.images[stratified_sample(test.labels, count, seed=0)]
    with files.replacing_folder(out) as scratch:
        (scratch / bundle.MODEL).write_bytes(small.path.read_bytes())
        golden.write(scratch / bundle.GOLDEN, Classifier(small), shown)
        (scratch / bundle.README).write_text(card.text(record, comparison), encoding="utf-8")
        (scratch / bundle.CARD).write_text(record.to_text(), encoding="utf-8")
