"""What every conversion of one trained model has in common."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from edgefmnist.dataset import Samples
from edgefmnist.errors import UsageError
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert, gate, representative
from edgefmnist.quantization.records import GateCheck, QuantizeConfig, QuantizeObserver
from edgefmnist.quantization.representative import Representative
from edgefmnist.quantization.source import Source, accuracy_of_other_seeds
from edgefmnist.records import GarmentFrames


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A trained model, and the pictures to calibrate and to choose on.

    model: in Keras. validation: held out of the training.
    input_scaling: that the model wants raw intensities.
    other_seeds: accuracy of further trainings of the recipe, by seed.
    """

    source: Source
    model: Any
    input_scaling: GateCheck
    calibration: Representative
    validation: Samples
    other_seeds: dict[str, float]


def open_job(
    source: Source,
    config: QuantizeConfig,
    train: Samples,
    frames: GarmentFrames | None,
    observer: QuantizeObserver,
) -> Job:
    """Check what `config` asks for, choose the representative dataset and load the model.

    Raises: BadInput, BadModel, UsageError; GateRefused for a model that wants other inputs than raw
    intensities.
    """
    if not math.isfinite(config.max_drop_pp):
        raise UsageError(f"--max-drop {config.max_drop_pp}: give a number of points, such as 0.5")
    other_seeds = accuracy_of_other_seeds(source, config.other_seeds)
    train_at, validation = source.split(train)
    seed, count = source.seed or 0, config.calibration_count
    calibration = (
        representative.from_frames(frames)
        if frames is not None
        else representative.from_training(train, train_at, count, seed)
    )
    require_tensorflow()
    observer.stage("Loading the model")
    model = convert.load_keras(source.keras)
    input_scaling = gate.input_scaling(model, validation)
    gate.refuse(config.variant, (input_scaling,))
    return Job(
        source=source,
        model=model,
        input_scaling=input_scaling,
        calibration=calibration,
        validation=validation,
        other_seeds=other_seeds,
    )
