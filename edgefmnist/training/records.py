"""What goes into a training and what comes out, and who is told meanwhile."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy.typing as npt

from edgefmnist.dataset.photos import Photos
from edgefmnist.errors import UsageError
from edgefmnist.records import Evaluation
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.training.recipes import Recipe

DeviceChoice = Literal["auto", "cpu", "gpu"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The processes that train together.

    coordinator: HOST:PORT where process 0 listens. process: this one's number, from 0.
    """

    coordinator: str
    processes: int
    process: int

    def __post_init__(self) -> None:
        """Raises: UsageError."""
        host, _, port = self.coordinator.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise UsageError(f"--distribute {self.coordinator}: give HOST:PORT of process 0")
        if not 0 <= self.process < self.processes:
            raise UsageError(
                f"--process {self.process}: with --processes {self.processes} they are numbered "
                f"0 to {self.processes - 1}"
            )

    def part(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """This process's rows of [n, ...]: as many as every other's.

        Up to ``processes - 1`` rows at the end are left out.
        """
        even = len(rows) - len(rows) % self.processes
        return rows[self.process : even : self.processes]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One training, fully decided.

    out: folder for everything the training writes.
    cluster: the processes that train together, this one among them.
    settings: fields in which `recipe` differs from the one of its name, and their values as asked
        for (`training.settings`).
    teachers: models whose mean answer is part of the targets (`Recipe.teacher_share`).
    start: a converted model of the recipe's network whose weights it begins with.
    photos: real pictures to train with beside the data set (`Augmentation.photo_share`).
    """

    recipe: Recipe
    epochs: int
    seed: int
    out: Path
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    device: DeviceChoice = "auto"
    teachers: tuple[ModelFile, ...] = ()
    start: ModelFile | None = None
    photos: Photos | None = None
    cluster: Cluster | None = None


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
