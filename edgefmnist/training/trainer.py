"""A training from its data to its files: fit, look at the test images once, write the results."""

from __future__ import annotations

import keras
import numpy as np

from edgefmnist.dataset import Samples
from edgefmnist.errors import UsageError
from edgefmnist.evaluate import score
from edgefmnist.records import Evaluation
from edgefmnist.training import checkpoint, device, distribution, fitting, report
from edgefmnist.training.records import TrainConfig, TrainObserver, TrainResult

_EVALUATION_BATCH = 500


def train(
    config: TrainConfig,
    train_samples: Samples,
    test_samples: Samples,
    observer: TrainObserver,
    resume: bool = False,
) -> TrainResult:
    """Train `config.recipe` and write `model.keras`, `history.json`, `result.json` and plots.

    The weights are the last epoch's: the test images choose nothing and are looked at once.
    ``KeyboardInterrupt`` passes through with the last epoch's checkpoint on disk.

    Raises: CannotWrite, MissingDependency (no such device), UsageError (the folder holds an
    unfinished training and `resume` is not set), BadInput (`resume` without a checkpoint),
    ProcessLost (with `config.cluster`).
    """
    if not resume:
        refuse_unfinished(config)
    with distribution.joined(config) as mine:
        # Before a model is loaded too: JAX wants the same first values in all processes.
        keras.utils.set_random_seed(config.seed)
        resumed = checkpoint.load(config) if resume else None
        plan, model, history = fitting.fit(mine, train_samples, observer, resumed)
        with device.placed(mine, plan.device):
            evaluation = _evaluate(model, test_samples)
        # Summed, so that the time between an interruption and its resumption does not count.
        seconds = sum(record.seconds for record in history)
        written = report.write(plan, model, history, evaluation, seconds)
        checkpoint.clear(mine.out)
    return TrainResult(
        plan=plan, history=history, evaluation=evaluation, seconds=seconds, files=written
    )


def refuse_unfinished(config: TrainConfig) -> None:
    """Raises: UsageError where process 0 would write over an unfinished training."""
    if config.cluster is not None and config.cluster.process != 0:
        return
    state = checkpoint.unfinished(config.out)
    if state is not None:
        raise UsageError(
            f"{config.out} holds an unfinished training ({state['recipe']}, epoch "
            f"{state['epoch']} of {state['epochs']}): add --resume, or delete the folder"
        )


def _evaluate(model: keras.Model, samples: Samples) -> Evaluation:
    images = samples.images.astype(np.float32)[..., np.newaxis]
    answers = model.predict(images, batch_size=_EVALUATION_BATCH, verbose=0).argmax(axis=1)
    return score(answers, samples.labels)
