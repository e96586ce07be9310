"""A real training on a small part of the data set, in a process that tests may kill.

Prints a line for each step and epoch, so that a test can choose its moment.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from edgefmnist.errors import EdgeFmnistError
from edgefmnist.frameworks import require_keras

require_keras()

from edgefmnist.dataset import Samples, load  # noqa: E402
from edgefmnist.training import recipes  # noqa: E402
from edgefmnist.training.records import Cluster, EpochRecord, TrainConfig, TrainPlan  # noqa: E402
from edgefmnist.training.trainer import train  # noqa: E402


class Printer:
    def started(self, plan: TrainPlan) -> None:
        print(f"started {plan.first_epoch}", flush=True)

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        print(f"step {epoch} {step}", flush=True)

    def epoch(self, record: EpochRecord) -> None:
        print(f"epoch {record.epoch}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--recipe", default="edge")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--distribute")
    parser.add_argument("--process", type=int, default=0)
    options = parser.parse_args()
    recipe = recipes.get(options.recipe)
    rate = {} if options.learning_rate is None else {"learning_rate": options.learning_rate}
    if recipe.settling is not None:  # the last of the three epochs
        settling = dataclasses.replace(recipe.settling, epochs=1, **rate)
        recipe = dataclasses.replace(recipe, epochs=3, settling=settling)
    recipe = dataclasses.replace(
        recipe, validation_count=200, batch_size=100, warmup_epochs=1, **rate
    )
    cluster = None
    if options.distribute:
        cluster = Cluster(coordinator=options.distribute, processes=2, process=options.process)
    config = TrainConfig(
        recipe=recipe,
        epochs=options.epochs,
        seed=options.seed,
        out=options.out,
        device="cpu",
        cluster=cluster,
    )
    samples, tests = load("train"), load("test")
    count = 1_200 if options.recipe == "edge" else 6_000
    part = Samples(images=samples.images[:count], labels=samples.labels[:count])
    few = Samples(images=tests.images[:500], labels=tests.labels[:500])
    result = train(config, part, few, Printer(), resume=options.resume)
    print(f"right {result.evaluation.correct}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except EdgeFmnistError as error:
        sys.exit(f"{type(error).__name__}: {error}")
