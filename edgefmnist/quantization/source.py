"""What is quantized: a trained model, and what is told of its training."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edgefmnist import files
from edgefmnist.dataset import Samples, split_validation
from edgefmnist.dataset.split import SPLIT_SEED, Indices
from edgefmnist.errors import BadInput, UsageError, one_line
from edgefmnist.quantization.card import train_command
from edgefmnist.runtime.bundle import is_bundle
from edgefmnist.runtime.models import resolve, shipped

_VALIDATION_COUNT = 5_000
"""Held out where a bare `.keras` is quantized, of which nobody knows what it was trained on."""

_SAME_FOR_ALL_SEEDS = (
    *("recipe", "epochs", "parameters", "train_count", "validation_count", "dataset_sha256"),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A trained model; recipe and the rest: None where no `result.json` tells of it.

    accuracy: in float32 on the test pictures.
    training: what is the same in a training with another seed: the recipe's settings, epochs,
        pictures, network, beginning, photos and teachers, these by their files alone.
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
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    teachers: dict[str, str] = dataclasses.field(default_factory=dict)
    start: dict[str, str] = dataclasses.field(default_factory=dict)
    photos: dict[str, str] = dataclasses.field(default_factory=dict)
    training: dict[str, Any] = dataclasses.field(default_factory=dict)

    def split(self, train: Samples) -> tuple[Indices, Samples]:
        """Which of the training pictures the model was fitted on, and those held out of it."""
        train_at, validation_at = split_validation(train.labels, self.validation_count, SPLIT_SEED)
        held_out = Samples(images=train.images[validation_at], labels=train.labels[validation_at])
        return train_at, held_out


def read_source(path: Path) -> Source:
    """What `path` names, a run folder or a `.keras` file. Raises: BadInput."""
    keras = path / "model.keras" if path.is_dir() else path
    if not keras.is_file() and (path / "checkpoint.json").is_file():
        raise BadInput(f"the training in {path} is not finished: go on with train --resume")
    if not keras.is_file() or keras.suffix == ".tflite":
        _refuse_bundle(path)
    if not keras.is_file():
        raise BadInput(
            f"no trained model at {keras}: name a run folder or a .keras file, "
            "or train one first: edgefmnist train"
        )
    told = keras.with_name("result.json")
    if keras.name != "model.keras" or not told.is_file():
        return Source(keras=keras, name=one_line(keras.stem))
    try:
        run = files.read_json(told)
        name, seed = run["recipe"]["name"], int(run["seed"])
        held_out = int(run["validation_count"])
        if not isinstance(name, str) or seed < 0 or not 0 < held_out < 60_000:
            raise ValueError("no training has such a recipe, seed or validation set")
        return Source(
            keras=keras,
            name=name,
            validation_count=held_out,
            recipe=name,
            seed=seed,
            epochs=int(run["epochs"]),
            accuracy=float(run["test"]["accuracy"]),
            training_seconds=float(run["seconds"]),
            training_device=f"{run['device']}, {run['versions']['backend']}, {run['precision']}",
            settings={str(key): str(value) for key, value in run.get("settings", {}).items()},
            teachers=dict(run["teachers"]),
            start=dict(run.get("start", {})),
            photos=dict(run.get("photos", {})),
            training={key: run.get(key) for key in _SAME_FOR_ALL_SEEDS}
            | {
                key: sorted(dict(run.get(key, {})).values())
                for key in ("teachers", "start", "photos")
            },
        )
    except OSError as error:
        raise BadInput(f"{told} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadInput(f"{told} is damaged: train again, or quantize {keras} alone") from error


def _refuse_bundle(path: Path) -> None:
    """Raises: BadInput where `path` is a converted model, which has no float weights left."""
    found = resolve(str(path)) if str(path) in shipped() or is_bundle(path) else None
    if found is None and path.suffix != ".tflite":
        return
    again = "edgefmnist train"
    if found is not None and found.card is not None and found.card.recipe is not None:
        again = f"{train_command(found.card)} --out RUN"
    raise BadInput(
        f"{path} is converted already and has no float weights: this takes a run folder or a "
        f".keras file; train it again with {again}, and name RUN"
    )


def accuracy_of_other_seeds(source: Source, runs: tuple[Path, ...]) -> dict[str, float]:
    """Accuracy of further trainings of the same recipe, by seed. Raises: BadInput, UsageError."""
    told: dict[str, float] = {}
    for run in runs:
        other = read_source(run)
        if source.accuracy is None or other.accuracy is None:
            untold = source.keras if source.accuracy is None else other.keras
            raise UsageError(
                f"--other-seed {run}: nothing tells how {untold} was trained; "
                "name folders that edgefmnist train wrote"
            )
        unlike = [key for key, value in source.training.items() if other.training[key] != value]
        if unlike:
            raise UsageError(
                f"--other-seed {run}: it was not trained as {source.keras.parent} was "
                f"({', '.join(unlike)}); name a run that differs in its seed alone"
            )
        if other.seed == source.seed or str(other.seed) in told:
            raise UsageError(f"--other-seed {run}: seed {other.seed} is named twice")
        told[str(other.seed)] = other.accuracy
    return told
