"""One fine-tuning: the network of a bundle, trained further with photos, in int8."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgefmnist import evaluate
from edgefmnist.dataset import Samples, split_validation, stratified_sample
from edgefmnist.dataset.photos import Photos
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.quantization import convert, gate, paired, representative
from edgefmnist.quantization.records import QuantizeConfig
from edgefmnist.runtime.classifier import Floats
from edgefmnist.runtime.last_layer import Layer
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.training.recipes import Augmentation, Recipe
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainPlan

OnProgress = Callable[[int, int], None]
"""Called with steps done and steps in all."""

_WATCHED = 500
"""Pictures that a training wants for its figures, which nobody looks at here."""
_BATCH = 500
_ASKED = ("classes answered", "drop")
"""Of what `quantize` asks for. That the answers stay those of the float network is not among it:
what is judged and released is the converted one, by its own answers."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a network is fine-tuned, and tested.

    parts: of the photos, each of which is answered by a network that was trained without it.
    pictures: of Fashion-MNIST in an epoch, stratified; always the same ones.
    learning_rate: falls to 0. The others: as in `Recipe` and `Augmentation`. The bundle itself is
        the teacher.
    """

    parts: int = 4
    pictures: int = 12_000
    epochs: int = 4
    learning_rate: float = 1e-3
    camera_share: float = 0.15
    photo_share: float = 0.35
    outlier_share: float = 0.1
    views: int = 2

    def of(self, recipe: Recipe) -> Recipe:
        """`recipe` changed to this."""
        return dataclasses.replace(
            recipe,
            epochs=self.epochs,
            validation_count=_WATCHED,
            learning_rate=self.learning_rate,
            cosine=True,
            warmup_epochs=0,
            augmentation=dataclasses.replace(
                recipe.augmentation or Augmentation(),
                camera_share=self.camera_share,
                photo_share=self.photo_share,
                outlier_share=self.outlier_share,
                views=self.views,
            ),
            settling=None,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A network after a training.

    model: with its ten outputs, in int8. layer: the last one as trained, with rows for classes of
    one's own behind the ten.
    """

    model: ModelFile
    layer: Layer


class Tuner:
    """Fine-tunes a bundle's network, from the start each time."""

    def __init__(
        self, start: ModelFile, recipe: Recipe, train: Samples, validation: Samples, course: Course
    ) -> None:
        """recipe: of the bundle. train: the whole training split; validation: held out of it."""
        train_at, _ = split_validation(train.labels, recipe.validation_count, SPLIT_SEED)
        count = min(course.pictures + _WATCHED, len(train_at))
        some = train_at[stratified_sample(train.labels[train_at], count, seed=0)]
        self._start, self._recipe = start, course.of(recipe)
        self._samples = Samples(images=train.images[some], labels=train.labels[some])
        self._validation = validation
        self._gate = QuantizeConfig(source=start.path)
        self._calibration = representative.from_training(
            train, train_at, self._gate.calibration_count, seed=0
        ).images

    def tuned(self, photos: Photos, seed: int, on_progress: OnProgress) -> Tuned:
        """The network after a training with `photos`.

        Raises: BadModel, CannotWrite; GateRefused where the conversion costs too much.
        """
        import keras

        from edgefmnist.training.fitting import fit
        from edgefmnist.training.networks import narrowed

        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        with tempfile.TemporaryDirectory() as folder:
            config = TrainConfig(
                recipe=self._recipe,
                epochs=self._recipe.epochs,
                seed=seed,
                out=Path(folder) / "run",
                teachers=(self._start,),
                start=self._start,
                photos=photos,
            )
            _, wide, _ = fit(config, self._samples, _Steps(on_progress))
        model = narrowed(wide)
        content = convert.convert(model, "int8", self._calibration)
        converted = dataclasses.replace(self._start, content=content)
        images = self._validation.images.astype(np.float32)[..., np.newaxis]
        answers: Floats = model.predict(images, batch_size=_BATCH, verbose=0)
        found = evaluate.logits(converted, self._validation.images)
        comparison = paired.compare(answers, found, self._validation.labels)
        measured = gate.measured(self._gate, comparison)
        asked = [check for check in measured if check.name in _ASKED]
        gate.refuse("int8", (*gate.form("int8", converted), *asked))
        kernel, bias = wide.layers[-1].get_weights()
        return Tuned(model=converted, layer=Layer(weights=kernel.T.copy(), bias=bias))


class _Steps:
    """Passes a training's steps on."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress, self._of_epoch, self._total = on_progress, 0, 0

    def started(self, plan: TrainPlan) -> None:
        """Before the first step."""
        self._of_epoch = plan.steps_per_epoch
        self._total = plan.steps_per_epoch * plan.config.epochs

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        """After each step."""
        self._on_progress((epoch - 1) * self._of_epoch + step, self._total)

    def epoch(self, record: EpochRecord) -> None:
        """After each epoch, whose last step was passed on already."""
