"""A training as it runs, its table of epochs, and its result."""

from __future__ import annotations

import shlex
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edgefmnist.render.console import finished, notes, results
from edgefmnist.render.progress import is_narrow, with_bar
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainPlan, TrainResult

_ROWS = 12
"""Epochs kept in the live table; a terminal is short and a training long."""


class TrainView:
    """Live view of a training on stderr: a bar for the epoch, one for all, a table of epochs.

    Where stderr is no terminal, one line for each epoch.
    """

    def __init__(self) -> None:
        self._steps = Progress(
            *with_bar(TextColumn("epoch {task.fields[epoch]}"), BarColumn(bar_width=16)),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=notes,
        )
        self._whole = Progress(
            *with_bar(TextColumn("training"), BarColumn(bar_width=16)),
            TextColumn("{task.percentage:>3.0f} %  left"),
            TimeRemainingColumn(),
            console=notes,
        )
        self._rows: list[EpochRecord] = []
        self._live = Live(console=notes, refresh_per_second=8, transient=True)

    def __enter__(self) -> TrainView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if notes.is_terminal and self._rows:
            notes.print(_epoch_table(self._rows))

    def started(self, plan: TrainPlan) -> None:
        """Say where and what; `TrainObserver`."""
        self._plan = plan
        config, precision = plan.config, plan.precision
        notes.print(
            f"Training {config.recipe.name}{_settings(config)} ({plan.parameters:,} parameters) "
            f"on {plan.device} ({plan.backend}, {precision}), seed {config.seed}: {config.epochs} "
            f"epoch{'s' * (config.epochs > 1)} of {plan.train_count:,} images, "
            f"{plan.validation_count:,} held out"
        )
        if plan.first_epoch > 1:
            notes.print(f"Resuming at epoch {plan.first_epoch}")
        self._rows = list(plan.history)
        total = plan.config.epochs * plan.steps_per_epoch
        self._bar = self._steps.add_task(
            "", total=plan.steps_per_epoch, epoch=self._epoch_of(plan.first_epoch), figures=""
        )
        done = (plan.first_epoch - 1) * plan.steps_per_epoch
        self._all = self._whole.add_task("", total=total, completed=done)
        if notes.is_terminal:
            self._live.start()
            self._draw()

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None:
        """Move the bars; `TrainObserver`."""
        task = self._steps.tasks[0]
        if step == 1:
            self._steps.reset(self._bar, epoch=self._epoch_of(epoch), figures="")
        speed = (task.speed or 0.0) * self._plan.config.recipe.batch_size
        figures = f"loss {loss:.3f}  accuracy {accuracy:6.2%}  {speed:5.0f} images/s"
        if is_narrow():
            figures = f"loss {loss:.3f} {accuracy:.0%}"
        self._steps.update(self._bar, completed=step, figures=figures)
        self._whole.update(self._all, completed=(epoch - 1) * self._plan.steps_per_epoch + step)

    def epoch(self, record: EpochRecord) -> None:
        """Add a row; `TrainObserver`."""
        self._rows.append(record)
        if notes.is_terminal:
            self._draw()
            return
        notes.print(
            f"epoch {record.epoch}/{self._plan.config.epochs}  loss {record.loss:.4f}  "
            f"accuracy {record.accuracy:.4f}  val_loss {record.val_loss:.4f}  "
            f"val_accuracy {record.val_accuracy:.4f}  {record.images_per_s:.0f} images/s"
        )

    def _epoch_of(self, epoch: int) -> str:
        return f"{epoch}/{self._plan.config.epochs}"

    def _draw(self) -> None:
        parts = [self._steps, self._whole]
        table = [_epoch_table(self._rows)] if self._rows else []
        self._live.update(Group(*table, *parts))


def _epoch_table(rows: list[EpochRecord]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    heads = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "rate", "images/s", "s")
    shown = [0, 1, 4, 7] if is_narrow() else range(len(heads))
    for at in shown:
        table.add_column(heads[at], justify="right")
    best = max(record.val_accuracy for record in rows)
    for record in rows[-_ROWS:]:
        cells = (
            str(record.epoch),
            f"{record.loss:.4f}",
            f"{record.accuracy:.2%}",
            f"{record.val_loss:.4f}",
            f"{record.val_accuracy:.2%}",
            f"{record.learning_rate:.1e}",
            f"{record.images_per_s:.0f}",
            f"{record.seconds:.0f}",
        )
        style = "bold" if record.val_accuracy == best else ""
        table.add_row(*(cells[at] for at in shown), style=style)
    return table


def show(result: TrainResult) -> None:
    """Print the result of a training on stdout: per-class table, accuracy, files."""
    table = Table(title="Float model on the 10,000 test images", title_justify="left")
    table.add_column("class")
    for head in ("precision", "recall", "F1"):
        table.add_column(head, justify="right")
    for label, row in result.evaluation.per_class_table.items():
        table.add_row(label, *(f"{row[key]:.1%}" for key in ("precision", "recall", "f1")))
    results.print(table)
    results.print(
        f"{result.evaluation.accuracy:.2%} of the test images right, "
        f"{result.history[-1].val_accuracy:.2%} of the validation images; "
        f"{result.seconds / 60:.1f} minutes"
    )
    _finished(result, as_json=False)


def show_json(result: TrainResult) -> None:
    """Print `result.json` on stdout."""
    print(result.files[-1].read_text(encoding="utf-8"), end="", flush=True)
    _finished(result, as_json=True)


def _finished(result: TrainResult, *, as_json: bool) -> None:
    out = result.plan.config.out
    finished(result.files, next_words=("edgefmnist", "quantize", out), as_json=as_json)


def interrupted(config: TrainConfig) -> None:
    """Say how to go on after Ctrl-C."""
    kept = sorted(config.out.glob("checkpoint-*.keras"))
    if not kept:
        notes.print("Stopped. No checkpoint had been written yet.")
        return
    epoch = int(kept[-1].stem.rpartition("-")[2])
    notes.print(
        f"Stopped. The state after epoch {epoch} is kept; go on with: {_command(config)} --resume",
        soft_wrap=True,
    )


def _settings(config: TrainConfig) -> str:
    told = " ".join(f"{field}={value}" for field, value in config.settings.items())
    return f" with {told}" if told else ""


def _command(config: TrainConfig) -> str:
    """The command of a training, but for its teachers and its data."""
    words = ["edgefmnist", "train", "--recipe", config.recipe.name]
    for field, value in config.settings.items():
        words += ["--set", f"{field}={value}"]
    if "epochs" not in config.settings:
        words += ["--epochs", str(config.epochs)]
    return shlex.join([*words, "--seed", str(config.seed), "--out", str(config.out)])
