"""Train candidate networks by a recipe for a few epochs and write `trials.md`.

usage: python -m benchmarks.frontier.trials [CANDIDATE...]

CANDIDATE: of `candidates.TRIALS`; all by default, which takes an hour and more on one core. Each is
trained on 48,000 images with one seed and judged on the 12,000 others; test images are not looked
at. Recorded in `trials.json`, where earlier ones stay.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import pages
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

_RECORDED = Path(__file__).parent / "trials.json"
_SEED = 7
_HELD_OUT = 12_000

_BODY = """\
Each network was trained by the recipe named, for fewer epochs, on labels alone with one seed, and
judged on {held_out:,} images of the training set that were held out. With one seed and so few
epochs, some tenths of a point may be chance: the same trials on another machine, in float32 instead
of bfloat16, differed by about half a point. Latency and size stand in [search.md](search.md).

{tables}
"""


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
    known = {one.name: (recipe, one) for recipe, (_, those) in TRIALS.items() for one in those}
    for name in sys.argv[1:] or known:
        if name not in known:
            raise UsageError(f"{name!r} is not in TRIALS of benchmarks/frontier/candidates.py")
        recipe, candidate = known[name]
        _record(_trained(recipe, candidate))


def _trained(recipe: str, candidate: Candidate) -> dict[str, Any]:
    base, (epochs, _) = recipes.get(recipe), TRIALS[recipe]
    settings = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
    settings |= {"validation_count": _HELD_OUT}
    keras.utils.set_random_seed(_SEED)
    with tempfile.TemporaryDirectory() as folder, TrainView() as view:
        config = TrainConfig(
            recipe=_Trial(candidate=candidate, **settings),
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
    }


def _record(row: dict[str, Any]) -> None:
    rows = json.loads(_RECORDED.read_text(encoding="utf-8")) if _RECORDED.exists() else []
    rows = [one for one in rows if (one["recipe"], one["name"]) != (row["recipe"], row["name"])]
    rows.append(row)
    files.write_text(_RECORDED, json.dumps(rows, indent=1) + "\n")
    tables = []
    for recipe in TRIALS:
        those = [one for one in rows if one["recipe"] == recipe]
        if those:
            tables.append(f"## {recipe}, {those[0]['epochs']} epochs\n\n{_table(those)}")
    body = _BODY.format(held_out=_HELD_OUT, tables="\n\n".join(tables))
    pages.write("frontier/trials", "Candidate networks, trained for a while", body)


def _table(rows: list[dict[str, Any]]) -> str:
    return pages.table(
        ("network", "parameters", "validation", "its loss", "on its own pictures"),
        (
            (
                row["name"],
                f"{row['parameters']:,}",
                f"{row['accuracy']:.2%}",
                f"{row['loss']:.3f}",
                f"{row['own']:.2%}",
            )
            for row in sorted(rows, key=lambda row: -row["accuracy"])
        ),
    )


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
