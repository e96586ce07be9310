"""What a finished training leaves: model, history, result and pictures."""

from __future__ import annotations

import dataclasses
import platform
from pathlib import Path
from typing import Any

import keras

from edgefmnist import __version__, files, json_text
from edgefmnist.dataset.catalogue import ALL_FILES
from edgefmnist.records import Evaluation
from edgefmnist.training import plots, teacher
from edgefmnist.training.records import EpochRecord, TrainPlan


def write(
    plan: TrainPlan,
    model: keras.Model,
    history: tuple[EpochRecord, ...],
    evaluation: Evaluation,
    seconds: float,
) -> tuple[Path, ...]:
    """Write the files of a run; `result.json` last, so that it stands for a whole run.

    Returns: their paths. Raises: CannotWrite.
    """
    out = plan.config.out
    paths = tuple(
        out / name
        for name in ("model.keras", "history.json", "curves.png", "confusion.png", "result.json")
    )
    saved, told, curves, confusion, result = paths
    result.unlink(missing_ok=True)  # an earlier run's must not stand beside this run's model
    with files.replacing(saved) as scratch:
        # Without the optimizer: two thirds of the size, and conversion has no use for it.
        model.save(scratch, include_optimizer=False)
    records = [dataclasses.asdict(record) for record in history]
    files.write_text(told, json_text.dumps(records, indent=1) + "\n")
    with files.replacing(curves) as scratch:
        plots.curves(history, f"{plan.config.recipe.name}, seed {plan.config.seed}", scratch)
    with files.replacing(confusion) as scratch:
        plots.confusion(evaluation, f"{plan.config.recipe.name}: 10,000 test images", scratch)
    contents = _result(plan, history, evaluation, seconds)
    files.write_text(result, json_text.dumps(contents, indent=1) + "\n")
    return paths


def _result(
    plan: TrainPlan, history: tuple[EpochRecord, ...], evaluation: Evaluation, seconds: float
) -> dict[str, Any]:
    config = plan.config
    return {
        "recipe": dataclasses.asdict(config.recipe),
        "settings": config.settings,
        "seed": config.seed,
        "epochs": config.epochs,
        "teachers": teacher.checksums(config.teachers),
        "start": teacher.checksums((config.start,)) if config.start else {},
        "photos": config.photos.sha256 if config.photos else {},
        "parameters": plan.parameters,
        "train_count": plan.train_count,
        "validation_count": plan.validation_count,
        "validation_accuracy": history[-1].val_accuracy,
        "test": {
            "accuracy": evaluation.accuracy,
            "correct": evaluation.correct,
            "total": evaluation.total,
            "per_class": evaluation.per_class_table,
            "confusion": evaluation.confusion,
        },
        "seconds": round(seconds, 1),
        "device": plan.device,
        "precision": plan.precision,
        "dataset_sha256": {spec.name: spec.sha256 for spec in ALL_FILES},
        "versions": {
            "edgefmnist": __version__,
            "keras": keras.__version__,
            "backend": plan.backend,
            "python": platform.python_version(),
        },
    }
