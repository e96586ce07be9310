"""Time a training step by precision, with XLA, with fused batch normalisation; and its batch.

usage: [KERAS_BACKEND=tensorflow|jax|torch] python benchmarks/training_step.py [RECIPE]

RECIPE (edge): whose network and batch size. The ways take turns for ROUNDS rounds in one process;
printed is each one's median over the rounds, and its ratio to the first.
"""

from __future__ import annotations

import itertools
import sys
import time

import numpy as np

from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load
from edgefmnist.frameworks import require_keras

ROUNDS, STEPS, WARM_UP = 7, 10, 3


def main() -> None:
    """Measure and print."""
    require_keras()
    import keras

    from edgefmnist.training import recipes
    from edgefmnist.training.batches import Feed
    from edgefmnist.training.normalization import fused

    recipe = recipes.get(sys.argv[1] if len(sys.argv) > 1 else "edge")
    samples = load("test")
    began = time.perf_counter()
    batches = list(itertools.islice(Feed(recipe, samples, seed=0).epoch(1), STEPS))
    making = (time.perf_counter() - began) / STEPS
    models = {}
    for precision, way in itertools.product(("float32", "mixed_bfloat16"), ("XLA", "", "fused")):
        keras.config.set_dtype_policy(precision)
        model = fused(recipe.build()) if way == "fused" else recipe.build()
        keras.config.set_dtype_policy("float32")
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adamw", loss=loss, jit_compile=way == "XLA")
        models[f"{precision}{', ' if way else ''}{way}"] = model
    taken: dict[str, list[float]] = {name: [] for name in models}
    for round_number in range(-1, ROUNDS):
        for name, model in models.items():
            began = time.perf_counter()
            for images, targets in batches[: WARM_UP if round_number < 0 else STEPS]:
                model.train_on_batch(images, targets[:, :10])
            if round_number >= 0:
                taken[name].append((time.perf_counter() - began) / STEPS)
    print(f"{recipe.name}, batch {len(batches[0][0])}, {keras.backend.backend()}; ms a step, ratio")
    first = float(np.median(next(iter(taken.values()))))
    for name, seconds in taken.items():
        median = float(np.median(seconds))
        print(f"  {name:30s}{1e3 * median:8.1f}{median / first:7.2f}")
    print(f"  {'making a batch of a new view':30s}{1e3 * making:8.1f}{making / first:7.2f}")


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
