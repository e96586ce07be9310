"""Checkpoints: after a kill at any moment, the newest whole one is found again.

The state file is the commit point: it is renamed into place only after the model it names is
complete on disk, and older models are removed only after that.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras

from edgefmnist import files, json_text
from edgefmnist.errors import BadInput, UsageError
from edgefmnist.frameworks import load_keras_file
from edgefmnist.training.recipes import Augmentation, Recipe, Settling
from edgefmnist.training.records import EpochRecord, TrainConfig

_STATE = "checkpoint.json"
_FILES = {
    "teachers": ("other teachers", "--teacher"),
    "start": ("another beginning", "--start"),
    "photos": ("other photos", "--photos"),
}
_LATER: dict[str, Any] = {"start": None, "photos": {}}
"""What a checkpoint of an earlier version has no word for."""

_NAN = float("nan")  # null in JSON: the loss of a training that diverged


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A training between two epochs: its model with optimizer, and the history so far."""

    model: keras.Model
    history: tuple[EpochRecord, ...]


def save(config: TrainConfig, model: keras.Model, history: tuple[EpochRecord, ...]) -> None:
    """Write the state after ``len(history)`` epochs and drop the older one.

    Raises: CannotWrite; the older checkpoint is then still whole.
    """
    target = config.out / f"checkpoint-{len(history):04d}.keras"
    with files.replacing(target) as scratch:
        model.save(scratch)
    state = _identity(config) | {
        "model": target.name,
        "history": [dataclasses.asdict(record) for record in history],
    }
    files.write_text(config.out / _STATE, json_text.dumps(state, indent=1) + "\n")
    for old in _models(config.out):
        if old != target:
            old.unlink()


def unfinished(out: Path) -> dict[str, Any] | None:
    """The state of a training in `out` that has not run to its end, if there is one.

    Raises: BadInput when the state file cannot be read.
    """
    path = out / _STATE
    if not path.is_file():
        return None
    try:
        state = _LATER | files.read_json(path)
        state["settings"] = _with_later_fields(state["settings"])
        for key in ("recipe", "epochs", "seed", "backend", "settings", "model", *_FILES):
            state[key]
        if Path(state["model"]).name != state["model"]:
            raise ValueError("its model lies elsewhere")
        return dict(state, epoch=len(state["history"]))
    except (ValueError, LookupError, TypeError, OSError) as error:
        raise BadInput(f"{path} is damaged: delete {out} and train again") from error


def _with_later_fields(settings: dict[str, Any]) -> dict[str, Any]:
    """A recipe's settings, also of an earlier version: later fields change nothing by default."""
    whole = _defaults(Recipe) | settings
    for name, record in (("augmentation", Augmentation), ("settling", Settling)):
        if whole[name] is not None:
            whole[name] = _defaults(record) | whole[name]
    return whole


def _defaults(record: type[Any]) -> dict[str, Any]:
    fields = dataclasses.fields(record)
    return {one.name: one.default for one in fields if one.default is not dataclasses.MISSING}


def load(config: TrainConfig) -> Checkpoint:
    """Load what `save` wrote, to go on with it.

    Raises: BadInput when there is nothing to resume or it is damaged; UsageError when it belongs
    to another training than `config` describes.
    """
    state = unfinished(config.out)
    if state is None:
        done = (config.out / "result.json").is_file()
        why = "its training is finished" if done else "there is no checkpoint"
        raise BadInput(f"nothing to resume in {config.out}: {why}; train without --resume")
    for key, value in _identity(config).items():
        if state[key] != value and key == "settings":
            raise UsageError(
                f"the training in {config.out} began with another recipe {config.recipe.name}: "
                "resume it with the --set options it began with, or with the version of edgefmnist"
            )
        if state[key] != value and key in _FILES:
            other, option = _FILES[key]
            raise UsageError(
                f"the training in {config.out} has {other}: "
                f"resume it with the {option} options it began with"
            )
        if state[key] != value:
            raise UsageError(
                f"the training in {config.out} has {key} {state[key]}, not {value}: "
                "resume it with the options it began with"
            )
    path = config.out / str(state["model"])
    try:
        model = load_keras_file(path)
        records = tuple(_record(told) for told in state["history"])
    except Exception as error:  # Keras raises whatever its zip, HDF5 or JSON reader does
        raise BadInput(
            f"{path} cannot be loaded ({type(error).__name__}): delete {config.out} and train again"
        ) from error
    if not model.compiled:  # any other model put in its place: training cannot continue
        raise BadInput(
            f"{path} has no optimizer in it, so it is no checkpoint: delete {config.out} and train "
            "again"
        )
    return Checkpoint(model=model, history=records)


def _record(told: dict[str, Any]) -> EpochRecord:
    whole: dict[str, Any] = {key: _NAN if told[key] is None else told[key] for key in told}
    return EpochRecord(**whole)


def clear(out: Path) -> None:
    """Remove the checkpoint of a training that has finished."""
    (out / _STATE).unlink(missing_ok=True)
    for path in _models(out):
        path.unlink()


def _models(out: Path) -> list[Path]:
    """All checkpoint models in `out`, half-written ones of a killed process included."""
    return [*out.glob("checkpoint-*.keras"), *out.glob(".checkpoint-*.part.keras")]


def _identity(config: TrainConfig) -> dict[str, Any]:
    """What must be the same for a training to be the same, as JSON gives it back."""
    recipe = json.loads(json_text.dumps(dataclasses.asdict(config.recipe)))
    return {
        "recipe": config.recipe.name,
        "epochs": config.epochs,
        "seed": config.seed,
        "backend": keras.backend.backend(),
        "settings": recipe,
        "teachers": [model.sha256 for model in config.teachers],
        "start": config.start.sha256 if config.start else None,
        "photos": config.photos.sha256 if config.photos else {},
    }
