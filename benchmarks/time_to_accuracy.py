"""Time from the start of a training to a test accuracy, recipes one after the other in one run.

usage: python benchmarks/time_to_accuracy.py [PERCENT [RECIPE...]]

PERCENT is 93.08, what the tutorial behind `seed-3` reports; RECIPE are `seed-3` and `quick`. Time
is of training alone: looking at the test images after each epoch does not count, and chooses
nothing but when to stop the clock. Writes `pictures/time_to_accuracy.png`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import tempfile
from pathlib import Path

import numpy as np

from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import Samples, load
from edgefmnist.frameworks import require_keras

require_keras()

import keras  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from edgefmnist.training import recipes  # noqa: E402
from edgefmnist.training.fitting import fit  # noqa: E402
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainPlan  # noqa: E402

_PICTURE = Path(__file__).parent / "pictures" / "time_to_accuracy.png"


class _Reached(Exception):
    """The accuracy has been reached; the training need not go on."""


@dataclasses.dataclass
class _Clock:
    """Evaluates each epoch's checkpoint. seconds, accuracies: after each epoch, 0..1."""

    out: Path
    test: Samples
    wanted: float
    name: str
    seconds: list[float] = dataclasses.field(default_factory=list)
    accuracies: list[float] = dataclasses.field(default_factory=list)

    def started(self, plan: TrainPlan) -> None: ...

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None: ...

    def epoch(self, record: EpochRecord) -> None:
        model = keras.saving.load_model(self.out / f"checkpoint-{record.epoch:04d}.keras")
        images = self.test.images.astype(np.float32)[..., np.newaxis]
        answers = model.predict(images, batch_size=500, verbose=0).argmax(axis=1)
        self.seconds.append(record.seconds + (self.seconds[-1] if self.seconds else 0.0))
        self.accuracies.append(float((answers == self.test.labels).mean()))
        print(
            f"  {self.name} epoch {record.epoch}: {self.accuracies[-1]:.2%} after "
            f"{self.seconds[-1]:.0f} s",
            file=sys.stderr,
            flush=True,
        )
        if self.accuracies[-1] >= self.wanted:
            raise _Reached


def main() -> None:
    """Train, then print and draw."""
    wanted = float(sys.argv[1]) / 100 if len(sys.argv) > 1 else 0.9308
    names = sys.argv[2:] or ["seed-3", "quick"]
    train, test = load("train"), load("test")
    clocks = []
    for name in names:
        recipe = recipes.get(name)
        keras.utils.set_random_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            clock = _Clock(out=Path(folder), test=test, wanted=wanted, name=name)
            clocks.append(clock)
            config = TrainConfig(recipe=recipe, epochs=recipe.epochs, seed=0, out=clock.out)
            with contextlib.suppress(_Reached):
                fit(config, train, clock)
    for clock in clocks:
        reached = clock.accuracies[-1] >= wanted
        base = clocks[0].seconds[-1] / clock.seconds[-1]
        print(
            f"{clock.name}: {wanted:.2%} {'' if reached else 'not '}reached, "
            f"best {max(clock.accuracies):.2%}, {len(clock.seconds)} epochs, "
            f"{clock.seconds[-1]:.0f} s, {base:.2f} times as fast as {names[0]}"
        )
    _draw(clocks, wanted)


def _draw(clocks: list[_Clock], wanted: float) -> None:
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    for clock in clocks:
        axes.plot(clock.seconds, [100 * a for a in clock.accuracies], "o-", label=clock.name)
    axes.axhline(100 * wanted, color="tab:gray", linestyle="--")
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
