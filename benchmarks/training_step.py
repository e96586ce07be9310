"""Time a training step by precision, with XLA, with fused batch normalisation; and its batch.

usage: [KERAS_BACKEND=tensorflow|jax|torch] python -m benchmarks.training_step [RECIPE]

RECIPE (edge): whose network and batch size. The ways take turns for ROUNDS rounds in one process;
told is each one's median over the rounds, and its ratio to the first. Writes `training_step.md`.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
import warnings

import numpy as np

from benchmarks import pages
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load
from edgefmnist.environment import Watch
from edgefmnist.frameworks import require_keras

ROUNDS, STEPS, WARM_UP = 7, 5, 2


def main() -> None:
    """Measure and write."""
    require_keras()
    import keras

    from edgefmnist.training import recipes
    from edgefmnist.training.batches import Feed
    from edgefmnist.training.device import cpu_precision
    from edgefmnist.training.normalization import fused

    precisions = dict.fromkeys(("float32", cpu_precision()))
    recipe = recipes.get(sys.argv[1] if len(sys.argv) > 1 else "edge")
    samples = load("test")
    watch = Watch()
    began = time.perf_counter()
    batches = list(itertools.islice(Feed(recipe, samples, seed=0).epoch(1), STEPS))
    making = (time.perf_counter() - began) / STEPS
    models = {}
    for precision, way in itertools.product(precisions, ("", "XLA", "fused")):
        keras.config.set_dtype_policy(precision)
        model = fused(recipe.build()) if way == "fused" else recipe.build()
        keras.config.set_dtype_policy("float32")
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # how Keras declines XLA
            model.compile(optimizer="adamw", loss=loss, jit_compile=way == "XLA")
        if way != "XLA" or model.jit_compile:
            models[f"{precision}{', ' if way else ''}{way}"] = model
    taken: dict[str, list[float]] = {name: [] for name in models}
    for round_number in range(-1, ROUNDS):
        for name, model in models.items():
            began = time.perf_counter()
            for images, targets in batches[: WARM_UP if round_number < 0 else STEPS]:
                model.train_on_batch(images, targets[:, :10])
            if round_number >= 0:
                taken[name].append((time.perf_counter() - began) / STEPS)
    first = float(np.median(next(iter(taken.values()))))
    ways = {name: float(np.median(seconds)) for name, seconds in taken.items()}
    ways["making a batch of a new view"] = making
    rows = [(name, f"{1e3 * took:.1f}", f"{took / first:.2f}") for name, took in ways.items()]
    body = (
        f"Recipe `{recipe.name}`, batch {len(batches[0][0])}, Keras on "
        f"{keras.backend.backend()}. fused: batch normalisation in one operation. What is not "
        "listed is not done here: bfloat16 where the CPU does not multiply it, XLA where Keras "
        "declines it, as under TensorFlow with deterministic operations.\n\n"
        + pages.table(("way", "ms a step", "ratio"), rows)
    )
    pages.write("training_step", "A training step", body, watch.end(os.cpu_count() or 1))


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
