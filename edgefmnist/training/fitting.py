"""Fitting a recipe's network, epoch by epoch.

The loop steps through batches itself instead of calling ``fit``, so that everything random in an
epoch follows from (seed, epoch) alone: that is what lets a resumed training end in the same
weights as one that was never interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt

from edgefmnist import files
from edgefmnist.dataset import Samples, split_validation
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.training import checkpoint, device, networks, normalization, start
from edgefmnist.training.batches import Feed, classes_of, whole_batch
from edgefmnist.training.losses import GarmentAccuracy, OpenSetCrossentropy
from edgefmnist.training.recipes import Recipe
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainObserver, TrainPlan
from edgefmnist.training.teacher import Ensemble

_EVALUATION_BATCH = 500


def fit(
    config: TrainConfig,
    samples: Samples,
    observer: TrainObserver,
    resumed: checkpoint.Checkpoint | None = None,
) -> tuple[TrainPlan, keras.Model, tuple[EpochRecord, ...]]:
    """Train on `samples` less those held out for validation, leaving a checkpoint in `config.out`.

    Returns: what was planned, the float32 model after the last epoch, and each epoch.
    Raises: CannotWrite, MissingDependency (no such device).
    """
    where = device.choose(config.device)
    teacher = Ensemble(config.teachers) if config.teachers else None  # before anything is written
    files.make_folder(config.out)
    keras.config.set_dtype_policy(where.precision)
    with device.placed(config, where.name):
        train_at, validation_at = split_validation(
            samples.labels, config.recipe.validation_count, SPLIT_SEED
        )
        model, history = _begin(config, samples.images[train_at], resumed)
        plan = _plan(config, where, model, len(train_at), len(validation_at), history)
        observer.started(plan)
        if resumed is None:  # so that there is something to resume from the first step on
            checkpoint.save(config, model, ())
        history = _run_epochs(
            plan,
            model,
            teacher,
            _subset(samples, train_at),
            _subset(samples, validation_at),
            observer,
        )
        return plan, _plain(config, model), history


def _begin(
    config: TrainConfig,
    pictures: npt.NDArray[np.uint8],
    resumed: checkpoint.Checkpoint | None,
) -> tuple[keras.Model, tuple[EpochRecord, ...]]:
    if resumed is not None:
        return resumed.model, resumed.history
    model = config.recipe.build()
    if config.start is not None:
        start.begin_from(model, config.start, pictures)
    if config.recipe.augmentation is not None:
        model = networks.widened(model, classes_of(config.photos))
    model = normalization.fused(model)
    epochs = config.epochs - _settling_epochs(config)
    _compile(model, config.recipe, epochs, -(-len(pictures) // config.recipe.batch_size))
    return model, ()


def _settling_epochs(config: TrainConfig) -> int:
    """How many of the epochs settle; a training shorter than planned keeps the proportion."""
    settling = config.recipe.settling
    return settling.epochs * config.epochs // config.recipe.epochs if settling else 0


def _compile(model: keras.Model, recipe: Recipe, epochs: int, steps_per_epoch: int) -> None:
    """Give the model a fresh optimizer for `epochs` epochs, and the recipe's loss."""
    rate: float | keras.optimizers.schedules.CosineDecay = recipe.learning_rate
    if recipe.cosine:
        # A training shorter than planned keeps the proportion of its warm-up.
        planned = recipe.epochs - (recipe.settling.epochs if recipe.settling else 0)
        warmup = steps_per_epoch * recipe.warmup_epochs * epochs // planned
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else recipe.learning_rate,
            decay_steps=max(1, steps_per_epoch * epochs - warmup),
            warmup_target=recipe.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    if recipe.weight_decay:
        # On every weight: Keras does not save exclusions, so a resumed training would lose them.
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    else:
        optimizer = keras.optimizers.Adam(rate)
    loss, accuracy = _judged_by(model, recipe)
    # XLA as Keras chooses: not under TensorFlow's deterministic operations (`frameworks`).
    model.compile(optimizer=optimizer, loss=loss, metrics=[accuracy])
    # Now, not at the first step: a checkpoint before it would lack these variables.
    model.optimizer.build(model.trainable_variables)


def _judged_by(
    model: keras.Model, recipe: Recipe
) -> tuple[keras.losses.Loss, keras.metrics.Metric]:
    if recipe.augmentation is not None:
        return OpenSetCrossentropy(), GarmentAccuracy(name="accuracy")
    softmax_inside = getattr(model.layers[-1].activation, "__name__", "") == "softmax"
    loss = keras.losses.CategoricalCrossentropy(from_logits=not softmax_inside)
    return loss, keras.metrics.CategoricalAccuracy(name="accuracy")


def _plan(
    config: TrainConfig,
    where: device.Device,
    model: keras.Model,
    train_count: int,
    validation_count: int,
    history: tuple[EpochRecord, ...],
) -> TrainPlan:
    return TrainPlan(
        config=config,
        device=where.name,
        precision=where.precision,
        backend=keras.backend.backend(),
        parameters=model.count_params(),
        train_count=train_count,
        validation_count=validation_count,
        steps_per_epoch=-(-train_count // config.recipe.batch_size),
        first_epoch=len(history) + 1,
        history=history,
    )


def _run_epochs(
    plan: TrainPlan,
    model: keras.Model,
    teacher: Ensemble | None,
    training: Samples,
    validation: Samples,
    observer: TrainObserver,
) -> tuple[EpochRecord, ...]:
    history = plan.history
    recipe = plan.config.recipe
    part = _part(plan.config)
    checked = whole_batch(recipe, validation, classes_of(plan.config.photos))
    validation_batch = [part(rows) for rows in checked]
    settling = _settling_epochs(plan.config)
    settles_after = plan.config.epochs - settling
    photos = plan.config.photos
    feed = Feed(recipe, training, plan.config.seed, teacher=teacher, photos=photos)
    for epoch in range(plan.first_epoch, plan.config.epochs + 1):
        began = time.monotonic()
        if epoch == settles_after + 1:
            _compile(model, recipe.settled(), settling, plan.steps_per_epoch)
        if epoch > settles_after and recipe != recipe.settled():
            recipe = recipe.settled()
            feed = Feed(recipe, training, plan.config.seed, settles_after + 1, teacher, photos)
        loss, accuracy = _run_epoch(model, feed, plan.config, epoch, observer)
        seconds = time.monotonic() - began
        figures = model.evaluate(
            *validation_batch, batch_size=_EVALUATION_BATCH, verbose=0, return_dict=True
        )
        record = EpochRecord(
            epoch=epoch,
            loss=loss,
            accuracy=accuracy,
            val_loss=float(figures["loss"]),
            val_accuracy=float(figures["accuracy"]),
            learning_rate=float(model.optimizer.learning_rate),
            seconds=round(seconds, 3),
            images_per_s=round(plan.train_count / seconds, 1),
        )
        history = (*history, record)
        checkpoint.save(plan.config, model, history)
        observer.epoch(record)
    return history


def _run_epoch(
    model: keras.Model,
    feed: Feed,
    config: TrainConfig,
    epoch: int,
    observer: TrainObserver,
) -> tuple[float, float]:
    """Train one epoch; returns the means of its loss and accuracy."""
    _seed_layers(model, config.seed, epoch)
    part = _part(config)
    seen, loss, accuracy = 0, 0.0, 0.0
    for step, (images, targets) in enumerate(feed.epoch(epoch), 1):
        logs = model.train_on_batch(part(images), part(targets), return_dict=True)
        seen += len(images)  # Keras reports each batch by itself: keep the epoch's mean
        loss += (float(logs["loss"]) - loss) * len(images) / seen
        accuracy += (float(logs["accuracy"]) - accuracy) * len(images) / seen
        observer.step(epoch, step, loss, accuracy)
    return loss, accuracy


def _part(config: TrainConfig) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    """What this process takes of each batch."""
    return config.cluster.part if config.cluster else lambda rows: rows


def _seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Set what dropout draws from: Keras saves no generator, so a checkpoint would not have it."""
    for number, layer in enumerate(model.layers):
        if (generator := getattr(layer, "seed_generator", None)) is not None:
            words = np.random.SeedSequence([seed, epoch, number]).generate_state(1)
            generator.state.assign(np.array([words[0], 0], dtype="uint32"))


def _subset(samples: Samples, indices: npt.NDArray[np.int64]) -> Samples:
    return Samples(images=samples.images[indices], labels=samples.labels[indices])


def _plain(config: TrainConfig, model: keras.Model) -> keras.Model:
    """The same weights in a float32 network of Keras's layers and of this process alone.

    A mixed one would convert with float16 inside, a distributed one would wait for the others.
    """
    mixed = any(layer.compute_dtype != "float32" for layer in model.layers)
    if not mixed and not normalization.is_fused(model) and config.cluster is None:
        return model
    keras.distribution.set_distribution(None)
    keras.config.set_dtype_policy("float32")
    return normalization.plain(model)
