"""What goes into a sweep and what comes out, and who is told meanwhile."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal, Protocol

from edgefmnist.sweep.variants import Variant

Cost = Literal["macs", "seconds"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SweepConfig:
    """A sweep, fully decided.

    seeds: each variant is trained with seeds 0 to ``seeds - 1``.
    address: HOST:PORT of a Ray cluster's head; None starts Ray on this machine alone.
    cpus, gpus: what each trial takes of a machine; as many run at once as there is room for.
    """

    variants: tuple[Variant, ...]
    seeds: int
    out: Path
    address: str | None = None
    cpus: int = 1
    gpus: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training of a sweep, finished or failed.

    settings: the whole recipe. val_accuracy: after the last epoch, 0..1. seconds: of training.
    error: why it failed; then the other two figures say how far it came.
    """

    variant: str
    seed: int
    settings: dict[str, Any]
    val_accuracy: float
    seconds: float
    error: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A variant over its seeds.

    command: the line that trains it outside the sweep.
    macs: multiply-accumulates of one inference. seconds: of training, median. val_accuracy:
    median, 0..1. spread: largest less smallest. pareto: whether none that costs no more is more
    accurate.
    """

    name: str
    command: str
    macs: int
    seconds: float
    val_accuracy: float
    spread: float
    seeds: int
    pareto: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """A finished sweep: variants from the most accurate down, and the trials that failed.

    cost: what accuracy is held against, `macs` where they differ, else `seconds`.
    standard_error: of one validation accuracy, from the number of pictures held out.
    """

    ranked: tuple[Ranked, ...]
    failed: tuple[Trial, ...]
    cost: Cost
    standard_error: float
    files: tuple[Path, ...]


class SweepObserver(Protocol):
    """Is told of a sweep's course; must not change it."""

    def started(self, trials: int, epochs: int, known: int, hours: tuple[float, float]) -> None:
        """Called once: how many trials are to run, their epochs, and how many were recorded.

        hours: roughly how long it takes on CPUs, from fast to slow ones.
        """

    def epoch(self, trial: str, epoch: int, val_accuracy: float) -> None:
        """Called after each epoch of each trial."""

    def finished(self, trial: Trial) -> None:
        """Called when a trial has ended, well or not."""
