"""A sweep as it runs, and its ranking."""

from __future__ import annotations

import dataclasses
import shlex
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edgefmnist.render.console import finished, notes, print_json, results
from edgefmnist.render.progress import with_bar
from edgefmnist.sweep.records import SweepConfig, SweepResult, Trial


class SweepView:
    """A bar over the epochs of all trials and a line for each trial that has ended, on stderr."""

    def __init__(self) -> None:
        self._bar = Progress(
            *with_bar(TextColumn("epochs of all trials"), BarColumn(bar_width=16)),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}  left"),
            TimeRemainingColumn(),
            console=notes,
            transient=True,
            disable=not notes.is_terminal,
        )
        self._best = 0.0

    def __enter__(self) -> SweepView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def started(self, trials: int, epochs: int, known: int, hours: tuple[float, float]) -> None:
        """Say how much there is to do; `SweepObserver`."""
        recorded = f"; recorded already: {known}" if known else ""
        cost = f"; roughly {_span(*hours)} on CPUs" if trials else ""
        notes.print(f"Trials: {trials}, epochs in all: {epochs}{recorded}{cost}", soft_wrap=True)
        self._task = self._bar.add_task("", total=epochs, best="")
        self._bar.start()

    def epoch(self, trial: str, epoch: int, val_accuracy: float) -> None:
        """Move the bar; `SweepObserver`."""
        self._best = max(self._best, val_accuracy)
        self._bar.update(self._task, advance=1, best=f"best so far {self._best:.2%}")

    def finished(self, trial: Trial) -> None:
        """Add a line; `SweepObserver`."""
        about = f"{trial.variant}, seed {trial.seed}: "
        if trial.error is None:
            notes.print(f"{about}{trial.val_accuracy:.2%} in {trial.seconds:.0f} s", soft_wrap=True)
        else:
            notes.print(f"{about}failed: {trial.error}", soft_wrap=True, markup=False)


def _span(fast_h: float, slow_h: float) -> str:
    if slow_h < 1:
        return f"{max(1, round(60 * fast_h))} to {max(2, round(60 * slow_h))} minutes"
    return f"{fast_h:.1f} to {slow_h:.1f} hours"


def show(result: SweepResult) -> None:
    """Print the ranking on stdout."""
    table = Table(title="By validation accuracy", title_justify="left")
    table.add_column("variant", overflow="fold")
    for head in ("accuracy", "spread", "seeds", "M MACs", "minutes", "Pareto"):
        table.add_column(head, justify="right")
    for one in result.ranked:
        table.add_row(
            one.name,
            f"{one.val_accuracy:.2%}",
            f"{one.spread:.2%}" if one.seeds > 1 else "",
            str(one.seeds),
            f"{one.macs / 1e6:.2f}",
            f"{one.seconds / 60:.1f}",
            "yes" if one.pareto else "",
        )
    results.print(table)
    if result.failed:
        results.print(f"Failed, and not in the table: {len(result.failed)}; see above.")
    results.print(
        f"Differences under {2 * result.standard_error:.2%} may be chance (two standard errors of "
        "one accuracy on the pictures held out)."
    )
    finished(result.files, next_words=shlex.split(result.ranked[0].command))


def show_json(result: SweepResult) -> None:
    """Print the same as JSON on stdout."""
    told = dataclasses.asdict(result) | {"files": [str(path) for path in result.files]}
    print_json(told)
    finished(result.files, next_words=shlex.split(result.ranked[0].command), as_json=True)


def interrupted(config: SweepConfig) -> None:
    """Say how to go on after Ctrl-C."""
    notes.print(
        f"Stopped. Trials that have ended are kept in {config.out}; the same command goes on.",
        soft_wrap=True,
    )
