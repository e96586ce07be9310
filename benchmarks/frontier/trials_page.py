"""Write `trials.md` from what `trials.py` recorded."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from benchmarks import pages
from edgefmnist.training import recipes

RECORDED = Path(__file__).parent / "trials.json"
HELD_OUT = 12_000

_BODY = """\
Each network was trained by the recipe named, for fewer epochs, on labels alone with one seed, and
judged on {held_out:,} images of the training set that were held out. With one seed and so few
epochs, some tenths of a point may be chance: the same trials on a CPU without bfloat16 differed by
about half a point. Latency and size stand in [search.md](search.md).

{tables}
"""


def settings(recipe: recipes.Recipe) -> dict[str, Any]:
    """What of a recipe decides a trial, besides network and epochs: `augmentation.shift` and so on.

    The recipe's own epochs do, by the share of them that settles.
    """
    told: dict[str, Any] = {}
    for key, value in dataclasses.asdict(recipe).items():
        if isinstance(value, dict):
            told |= {f"{key}.{inner}": setting for inner, setting in value.items()}
        elif key not in {"name", "network", "validation_count", "teacher_share"}:
            told[key] = value
    return told


def write() -> None:
    """Write the page."""
    rows = json.loads(RECORDED.read_text(encoding="utf-8"))
    tables = []
    for recipe in recipes.RECIPES.values():
        alike: dict[str, list[dict[str, Any]]] = {}
        for row in (row for row in rows if row["recipe"] == recipe.name):
            alike.setdefault(_made(recipe, row), []).append(row)
        if alike:
            tables.append(f"## {recipe.name}")
        tables += [f"{made}\n\n{_table(those)}" for made, those in alike.items()]
    body = _BODY.format(held_out=HELD_OUT, tables="\n\n".join(tables))
    pages.write("frontier/trials", "Candidate networks, trained for a while", body)


def _made(recipe: recipes.Recipe, row: dict[str, Any]) -> str:
    """For how long, in which precision, and by what if the recipe was another one then."""
    today, then = settings(recipe), row["settings"]
    differing = [
        f"{key} {then.get(key)}" for key in {**today, **then} if then.get(key) != today.get(key)
    ]
    told = f"{row['epochs']} epochs"
    if "precision" in row:
        told += f" in {row['precision']}"
    if differing:
        told += f"; the recipe then had {', '.join(differing)}"
    return told + "."


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
