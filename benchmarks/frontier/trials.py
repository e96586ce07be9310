"""Train candidate networks by a recipe for a few epochs and write `trials.md`.

usage: python -m benchmarks.frontier.trials [CANDIDATE...]

CANDIDATE: of `candidates.TRIALS`; all by default, which takes an hour and more on one core. Each is
trained on 48,000 images with one seed and judged on the 12,000 others; test images are not looked
at. Recorded in `trials.json`, where earlier ones stay; `python -m benchmarks.frontier` writes the
page anew.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.frontier import trials_page
from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load
from edgefmnist.errors import UsageError
from edgefmnist.frameworks import require_keras

require_keras()  # first and quietly

import keras  # noqa: E402

from benchmarks.frontier.candidates import TRIALS, Candidate  # noqa: E402
from edgefmnist.render.training import TrainView  # noqa: E402
from edgefmnist.training import fitting, recipes  # noqa: E402
from edgefmnist.training.records import TrainConfig  # noqa: E402

_SEED = 7


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Trial(recipes.Recipe):
    """A recipe for another network than its own."""

    candidate: Candidate

    def build(self) -> keras.Model:
        """The candidate's network."""
        return self.candidate.build()


def main() -> None:
    """Train, record after each and write the page.

    Raises: UsageError (no such candidate).
    """
    tried = [(recipe, one) for recipe, (_, those) in TRIALS.items() for one in those]
    known = dict.fromkeys(candidate.name for _, candidate in tried)
    names = sys.argv[1:] or list(known)
    for name in names:
        if name not in known:
            raise UsageError(f"no trial of {name!r} (candidates: {'; '.join(known)})")
    for recipe, candidate in tried:
        if candidate.name in names:
            _record(_trained(recipe, candidate))


def _trained(recipe: str, candidate: Candidate) -> dict[str, Any]:
    base, (epochs, _) = recipes.get(recipe), TRIALS[recipe]
    fields = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    fields |= {"validation_count": trials_page.HELD_OUT}
    keras.utils.set_random_seed(_SEED)
    with tempfile.TemporaryDirectory() as folder, TrainView() as view:
        config = TrainConfig(
            recipe=_Trial(candidate=candidate, **fields),
            epochs=epochs,
            seed=_SEED,
            out=Path(folder),
            device="auto",
        )
        plan, _, history = fitting.fit(config, load("train"), view)
    last = history[-1]
    return {
        "recipe": recipe,
        "epochs": epochs,
        "name": candidate.name,
        "parameters": plan.parameters,
        "accuracy": round(last.val_accuracy, 4),
        "loss": round(last.val_loss, 4),
        "own": round(last.accuracy, 4),
        "precision": plan.precision,
        "settings": trials_page.settings(base),
    }


def _record(row: dict[str, Any]) -> None:
    path = trials_page.RECORDED
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    rows = [one for one in rows if (one["recipe"], one["name"]) != (row["recipe"], row["name"])]
    files.write_text(path, json.dumps([*rows, row], indent=1) + "\n")
    trials_page.write()


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
