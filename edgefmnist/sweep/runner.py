"""A sweep from its variants to its ranking.

The test images are never looked at.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable
from pathlib import Path

from edgefmnist import files, json_text
from edgefmnist.dataset import Samples
from edgefmnist.errors import BadInput
from edgefmnist.sweep import plot, trials
from edgefmnist.sweep.records import Cost, Ranked, SweepConfig, SweepObserver, SweepResult, Trial
from edgefmnist.sweep.variants import Variant
from edgefmnist.training.networks import multiply_accumulates

_RECORD = "sweep.json"
_FLOPS_PER_MAC = 6  # a multiplication and an addition, forward once and backward twice
_FAST_FLOPS, _SLOW_FLOPS = 150e9, 25e9  # of a server with bfloat16, of a laptop: measured on `edge`


def sweep(config: SweepConfig, samples: Samples, observer: SweepObserver) -> SweepResult:
    """Train every variant with every seed on `samples` less those held out, and rank them.

    A trial is recorded in `config.out` as soon as it has ended, and one that is recorded there is
    not run again: a stopped sweep goes on, and a finished one can be widened.

    Raises: MissingDependency (no Ray), UsageError (no cluster at the address, no room for a
    trial), BadInput (a damaged record), CannotWrite.
    """
    files.make_folder(config.out)
    recorded = _recorded(config.out)
    done: list[Trial] = []
    missing: list[tuple[Variant, int]] = []
    for variant in config.variants:
        for seed in range(config.seeds):
            key = variant.whole, seed
            known = [t for t in recorded if (t.settings, t.seed) == key and t.error is None]
            done += known
            missing += [] if known else [(variant, seed)]
    others = [trial for trial in recorded if trial not in done and trial.error is None]
    hours = _hours([v for v, _ in missing], len(samples.labels))
    observer.started(len(missing), sum(v.epochs for v, _ in missing), len(done), hours)

    def finished(trial: Trial) -> None:
        done.append(trial)
        _record(config.out, [*others, *done])
        observer.finished(trial)

    if missing:
        trials.run(config, missing, samples, observer.epoch, finished)
    return _result(config, done)


def _macs(variants: Iterable[Variant]) -> dict[str, int]:
    """Multiply-accumulates of one inference by network."""
    recipes = {v.recipe.network: v.recipe for v in variants}
    return {network: multiply_accumulates(recipe.build()) for network, recipe in recipes.items()}


def _hours(variants: list[Variant], pictures: int) -> tuple[float, float]:
    """Roughly how long trainings take one after the other, on a fast CPU and on a slow one."""
    macs, flops = _macs(variants), 0.0
    for one in variants:
        steps = one.epochs * max(0, pictures - one.recipe.validation_count)
        flops += _FLOPS_PER_MAC * macs[one.recipe.network] * steps
    return flops / _FAST_FLOPS / 3600, flops / _SLOW_FLOPS / 3600


def _recorded(out: Path) -> list[Trial]:
    path = out / _RECORD
    if not path.is_file():
        return []
    try:
        return [Trial(**row) for row in files.read_json(path)["trials"]]
    except (ValueError, LookupError, TypeError, OSError) as error:
        raise BadInput(f"{path} is damaged: delete it, or name another --out") from error


def _record(out: Path, ended: list[Trial]) -> None:
    rows = [dataclasses.asdict(trial) for trial in ended]
    files.write_text(out / _RECORD, json_text.dumps({"trials": rows}, indent=1) + "\n")


def _result(config: SweepConfig, ended: list[Trial]) -> SweepResult:
    macs = _macs(config.variants)
    cost: Cost = "macs" if len(set(macs.values())) > 1 else "seconds"
    ranked = []
    for variant in config.variants:
        settings = variant.whole
        good = [t for t in ended if t.settings == settings and t.error is None]
        if good:
            ranked.append(_ranked(variant, macs[variant.recipe.network], good))
    ranked.sort(key=lambda one: -one.val_accuracy)
    ranked = [dataclasses.replace(one, pareto=on_front(one, ranked, cost)) for one in ranked]
    held_out = config.variants[0].recipe.validation_count
    share = ranked[0].val_accuracy if ranked else 0.0
    picture = config.out / "pareto.png"
    if ranked:
        with files.replacing(picture) as scratch:
            plot.pareto(ranked, cost, scratch)
    return SweepResult(
        ranked=tuple(ranked),
        failed=tuple(trial for trial in ended if trial.error is not None),
        cost=cost,
        standard_error=math.sqrt(share * (1 - share) / held_out),
        files=(config.out / _RECORD, *([picture] if ranked else [])),
    )


def _ranked(variant: Variant, macs: int, seeds: list[Trial]) -> Ranked:
    accuracies = [trial.val_accuracy for trial in seeds]
    return Ranked(
        name=variant.name,
        command=variant.command,
        macs=macs,
        seconds=statistics.median(trial.seconds for trial in seeds),
        val_accuracy=statistics.median(accuracies),
        spread=max(accuracies) - min(accuracies),
        seeds=len(seeds),
        pareto=False,
    )


def on_front(one: Ranked, all_of_them: list[Ranked], cost: Cost) -> bool:
    """Whether none of them that costs no more than `one` is more accurate."""
    return not any(
        other.val_accuracy > one.val_accuracy and getattr(other, cost) <= getattr(one, cost)
        for other in all_of_them
    )
