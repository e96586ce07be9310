"""Holding a measurement against an earlier one: ratios, their intervals, and the gate."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgefmnist.bench.record import Saved, SavedRow, machine
from edgefmnist.bench.records import BenchConfig, BenchResult, BenchRow, Nanoseconds
from edgefmnist.errors import BadInput, GateRefused

_RESAMPLES = 10_000
_FEWEST_WINDOWS = 3  # from fewer no spread can be told


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One model at one thread count, then and now.

    old_us, new_us: median of the windows' medians. ratio: new over old; interval: its 95 %
        bootstrap interval. model_changed: the file is another.
    """

    model: str
    threads: int
    old_us: float
    new_us: float
    ratio: float
    interval: tuple[float, float]
    model_changed: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that both runs measured.

    missing: what only the new one did. notes: what else differs. doubts: problems of the machine
        during either.
    """

    old: Saved
    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def check(old: Saved, config: BenchConfig) -> None:
    """See, before the measurement, that `old` has something of it and enough to be judged.

    Raises: BadInput.
    """
    wanted = [
        (model.name, model.sha256, threads) for model in config.models for threads in config.threads
    ]
    found = [row for one in wanted if (row := _match(old, *one)) is not None]
    if not found:
        asked, held = (
            ", ".join(_at(name, threads) for name, threads in those) or "nothing"
            for those in (
                [(name, threads) for name, _, threads in wanted],
                [(row.model, row.threads) for row in old.rows],
            )
        )
        raise BadInput(f"{old.path} has nothing to compare: asked for is {asked}; it holds {held}")
    for row in found:
        if len(row.windows) < _FEWEST_WINDOWS:
            raise BadInput(
                f"{old.path} has {len(row.windows)} windows of {row.model}; a comparison takes "
                f"{_FEWEST_WINDOWS}: measure anew with bench --out"
            )


def compare(old: Saved, new: BenchResult) -> Comparison:
    """Match rows by file (SHA-256) and threads, else by name and threads, and take ratios."""
    changes, missing = [], []
    for row in new.rows:
        match = _match(old, row.model, row.sha256, row.threads)
        if match is None:
            missing.append(_at(row.model, row.threads))
        else:
            changes.append(_change(match, row))
    return Comparison(
        old=old,
        changes=tuple(changes),
        missing=tuple(missing),
        notes=_notes(old, new),
        doubts=_doubts(old, new),
    )


def gate(comparison: Comparison, max_regression_percent: float) -> None:
    """Refuse where a model is slower by more than allowed, beyond doubt.

    Only an interval that lies past the limit as a whole counts, so that noise between windows does
    not cry wolf; what noise hides, more or longer windows show. That the machine was in another
    state all along (hot, busy) no interval can tell: the judgements do.

    Raises: GateRefused.
    """
    limit = 1 + max_regression_percent / 100
    slower = [change for change in comparison.changes if change.interval[0] > limit]
    if slower:
        told = ", ".join(
            f"{_at(one.model, one.threads)} takes {one.ratio:.2f} times as long "
            f"(95 % interval {one.interval[0]:.2f} to {one.interval[1]:.2f})"
            for one in slower
        )
        advice = f"allowed are {max_regression_percent:g} %"
        if comparison.doubts:
            advice += (
                f"; mend what casts doubt on it and measure again: {'; '.join(comparison.doubts)}"
            )
        raise GateRefused(f"{told} as in {comparison.old.path}; {advice}")


def interval(old: Sequence[Nanoseconds], new: Sequence[Nanoseconds]) -> tuple[float, float]:
    """95 % interval of the ratio of the windows' median medians, new over old.

    Percentile bootstrap (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter
    13), resampling whole windows. Latencies within a window share a process, its memory layout and
    the clock of the moment, so they are no independent samples; a window is (Kalibera and Jones
    2013, "Rigorous Benchmarking in Reasonable Time": repeat at the highest level that varies). Its
    median over tens of thousands of inferences is as good as exact. With five windows each it held
    the true ratio in 97 % of 400 simulated pairs of runs, and lay wholly above 1 for 1 % of those
    that did not differ, whatever the noise.
    """
    random = np.random.default_rng(0)
    ratios = _resampled(new, random) / _resampled(old, random)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(low), float(high)


def _resampled(
    windows: Sequence[Nanoseconds], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    medians = np.array([np.median(window) for window in windows], np.float64)
    chosen = random.integers(0, len(medians), (_RESAMPLES, len(medians)))
    return np.asarray(np.median(medians[chosen], axis=1), np.float64)


def _at(model: str, threads: int) -> str:
    return f"{model} at {threads} {'thread' if threads == 1 else 'threads'}"


def _match(old: Saved, model: str, sha256: str, threads: int) -> SavedRow | None:
    there = [row for row in old.rows if row.threads == threads]
    same = [row for row in there if row.sha256 == sha256]
    named = [row for row in there if row.model == model]
    return next(iter(same + named), None)


def _change(old: SavedRow, row: BenchRow) -> Change:
    new = [window.latencies_ns for window in row.windows]
    old_us, new_us = (
        float(np.median([np.median(window) for window in windows])) / 1000
        for windows in (old.windows, new)
    )
    low, high = interval(old.windows, new)
    return Change(
        model=row.model,
        threads=row.threads,
        old_us=round(old_us, 2),
        new_us=round(new_us, 2),
        ratio=round(new_us / old_us, 4),
        interval=(round(low, 4), round(high, 4)),
        model_changed=old.sha256 != row.sha256,
    )


def _notes(old: Saved, new: BenchResult) -> tuple[str, ...]:
    notes = []
    here = machine(dataclasses.asdict(new.environment))
    if old.machine != here:
        notes.append(
            f"another machine, {old.machine} then and {here} now: the ratios compare machines"
        )
    runtimes = {row.runtime for row in old.rows}, {row.runtime for row in new.rows}
    if runtimes[0] != runtimes[1]:
        then, now = (", ".join(sorted(names)) for names in runtimes)
        notes.append(f"another runtime, {then} then and {now} now: the ratios hold its change too")
    return tuple(notes)


def _doubts(old: Saved, new: BenchResult) -> tuple[str, ...]:
    now = [one.what for one in new.conditions.judgements if one.level == "problem"]
    return tuple(
        f"{when}, {'; '.join(problems)}"
        for when, problems in (("then", old.problems), ("now", now))
        if problems
    )
