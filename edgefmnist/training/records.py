"""What goes into a training and what comes out, and who is told meanwhile."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal, Protocol

from edgefmnist.records import Evaluation
from edgefmnist.runtime.models import ModelFile
from edgefmnist.training.recipes import Recipe

DeviceChoice = Literal["auto", "cpu", "gpu"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training, fully decided.

    out: folder for everything the training writes.
    teachers: models whose mean answer is part of the targets (`Recipe.teacher_share`).
    """

    recipe: Recipe
    epochs: int
    seed: int
    out: Path
    device: DeviceChoice = "auto"
    teachers: tuple[ModelFile, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One finished epoch. Losses in nats, accuracies 0..1, training figures under augmentation."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    images_per_s: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainPlan:
    """What is about to happen. first_epoch: 1, or the one that a resumed training begins with."""

    config: TrainConfig
    device: str
    precision: str
    backend: str
    parameters: int
    train_count: int
    validation_count: int
    steps_per_epoch: int
    first_epoch: int
    history: tuple[EpochRecord, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """A finished training. evaluation: float model on the 10,000 test images, in Keras."""

    plan: TrainPlan
    history: tuple[EpochRecord, ...]
    evaluation: Evaluation
    seconds: float
    files: tuple[Path, ...]


class TrainObserver(Protocol):
    """Is told of a training's course; must not change it."""

    def started(self, plan: TrainPlan) -> None:
        """Called once, before the first step."""

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        """Called after each step, both counted from 1; figures are the epoch's so far."""

    def epoch(self, record: EpochRecord) -> None:
        """Called after each epoch, once its checkpoint is on disk."""
