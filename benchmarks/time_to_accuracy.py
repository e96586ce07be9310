"""Time from the start of a training to a test accuracy, recipes one after the other in one run.

usage: python benchmarks/time_to_accuracy.py [PERCENT [RECIPE...]]

PERCENT is 93.08, what the tutorial behind `seed-3` reports; RECIPE are `seed-3` and `quick`. Time
is of training alone: looking at the test images after each epoch does not count, and chooses
nothing. Each training runs to its end under `runs/`. Writes `pictures/time_to_accuracy.png`.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np

from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import Samples, load
from edgefmnist.frameworks import require_keras

require_keras()

import keras  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from edgefmnist.render.training import TrainView  # noqa: E402
from edgefmnist.training import recipes  # noqa: E402
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainPlan  # noqa: E402
from edgefmnist.training.trainer import train  # noqa: E402

_PICTURE = Path(__file__).parent / "pictures" / "time_to_accuracy.png"


@dataclasses.dataclass
class _Clock:
    """Evaluates each epoch's checkpoint; seconds and accuracies (0..1) after each."""

    config: TrainConfig
    test: Samples
    view: TrainView
    seconds: list[float] = dataclasses.field(default_factory=lambda: [0.0])
    accuracies: list[float] = dataclasses.field(default_factory=lambda: [0.1])

    def started(self, plan: TrainPlan) -> None:
        self.view.started(plan)

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        self.view.step(epoch, step, loss, accuracy)

    def epoch(self, record: EpochRecord) -> None:
        path = self.config.out / f"checkpoint-{record.epoch:04d}.keras"
        images = self.test.images.astype(np.float32)[..., np.newaxis]
        trained, precision = keras.saving.load_model(path), keras.config.dtype_policy()
        keras.config.set_dtype_policy("float32")  # as the training's result will be
        model = self.config.recipe.build()
        keras.config.set_dtype_policy(precision)
        model.set_weights(trained.get_weights())
        answers = model.predict(images, batch_size=500, verbose=0)
        self.seconds.append(self.seconds[-1] + record.seconds)
        self.accuracies.append(float((answers.argmax(axis=1) == self.test.labels).mean()))
        self.view.epoch(record)

    def told(self, wanted: float) -> tuple[int, float] | None:
        """Epoch and seconds at which the accuracy was reached first; None: never."""
        at = [n for n, accuracy in enumerate(self.accuracies) if accuracy >= wanted]
        return (at[0], self.seconds[at[0]]) if at else None


def main() -> None:
    """Train, then print and draw."""
    wanted = float(sys.argv[1]) / 100 if len(sys.argv) > 1 else 0.9308
    samples, test = load("train"), load("test")
    clocks = []
    for name in sys.argv[2:] or ["seed-3", "quick"]:
        recipe = recipes.get(name)
        config = TrainConfig(recipe=recipe, epochs=recipe.epochs, seed=0, out=Path("runs") / name)
        with TrainView() as view:
            clock = _Clock(config=config, test=test, view=view)
            train(config, samples, test, clock)
        clocks.append(clock)
    for clock in clocks:
        told = clock.told(wanted)
        reached = f"{wanted:.2%} after {told[0]} epochs, {told[1]:.0f} s" if told else "not reached"
        print(
            f"{clock.config.recipe.name}: {reached}; best {max(clock.accuracies):.2%}, last "
            f"{clock.accuracies[-1]:.2%} after {clock.seconds[-1]:.0f} s"
        )
    _draw(clocks, wanted)


def _draw(clocks: list[_Clock], wanted: float) -> None:
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for clock in clocks:
        shown = [100 * accuracy for accuracy in clock.accuracies[1:]]
        axes.plot(clock.seconds[1:], shown, ".-", label=clock.config.recipe.name)
    axes.axhline(100 * wanted, color="tab:gray", linestyle="--", label=f"{wanted:.2%}")
    axes.set_ylim(85, 95)
    axes.set_xlim(0)
    axes.set_xlabel("seconds of training, two cores without a GPU")
    axes.set_ylabel("accuracy on the test images, %")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    with files.replacing(_PICTURE) as scratch:
        figure.savefig(scratch, dpi=90)


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
