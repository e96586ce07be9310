"""A real training on a small part of the data set, in a process that tests may kill.

Prints a line for each step and epoch, so that a test can choose its moment.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from edgefmnist.frameworks import require_keras

require_keras()

from edgefmnist.dataset import Samples, load  # noqa: E402
from edgefmnist.training import recipes  # noqa: E402
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainPlan  # noqa: E402
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
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    recipe = recipes.get(options.recipe)
    if recipe.settling is not None:  # the last of the three epochs
        settling = dataclasses.replace(recipe.settling, epochs=1)
        recipe = dataclasses.replace(recipe, epochs=3, settling=settling)
    recipe = dataclasses.replace(recipe, validation_count=200, batch_size=100, warmup_epochs=1)
    config = TrainConfig(
        recipe=recipe, epochs=options.epochs, seed=options.seed, out=options.out, device="cpu"
    )
    samples, tests = load("train"), load("test")
    count = 1_200 if options.recipe == "edge" else 6_000
    part = Samples(images=samples.images[:count], labels=samples.labels[:count])
    few = Samples(images=tests.images[:500], labels=tests.labels[:500])
    train(config, part, few, Printer(), resume=options.resume)


if __name__ == "__main__":
    main()
