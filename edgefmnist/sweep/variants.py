"""Recipes that differ in some settings: what a sweep tries."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shlex
from collections.abc import Iterable
from typing import Any

from edgefmnist import json_text
from edgefmnist.errors import UsageError
from edgefmnist.training.recipes import Recipe
from edgefmnist.training.settings import changed


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A recipe and what it differs in: (setting, value) as they were asked for.

    epochs: of its training, which may be shorter than the recipe plans.
    """

    settings: tuple[tuple[str, str], ...]
    recipe: Recipe
    epochs: int

    @property
    def name(self) -> str:
        """Its settings in a line, or the recipe's name where there are none."""
        return " ".join(f"{key}={value}" for key, value in self.settings) or self.recipe.name

    @property
    def whole(self) -> dict[str, Any]:
        """Every setting of the training, as JSON gives it back."""
        told: dict[str, Any] = json.loads(json_text.dumps(dataclasses.asdict(self.recipe)))
        return told | {"epochs": self.epochs}

    @property
    def command(self) -> str:
        """What trains it outside the sweep."""
        words = ["edgefmnist", "train", "--recipe", self.recipe.name]
        for key, value in self.settings:
            words += ["--set", f"{key}={value}"]
        if self.epochs != self.recipe.epochs:
            words += ["--epochs", str(self.epochs)]
        return shlex.join(words)


def grid(recipe: Recipe, asked: Iterable[str], epochs: int | None = None) -> tuple[Variant, ...]:
    """Every combination of the values asked for.

    asked: ``FIELD=VALUE,VALUE...``, see `training.settings`. epochs: of each; None: as planned.
    Raises: UsageError (no such field, or a value it cannot have).
    """
    choices: dict[str, list[str]] = {}
    for one in asked:
        field, equals, values = one.partition("=")
        if not equals or not all(values.split(",")):
            raise UsageError(f"--set {one}: give FIELD=VALUE,VALUE...")
        if field in choices:
            raise UsageError(f"--set {field} is given twice: put its values in one list")
        choices[field] = list(dict.fromkeys(values.split(",")))
    if epochs and "epochs" in choices:
        raise UsageError("--epochs and --set epochs are two ways to say one thing: leave one out")
    variants = []
    for values_of_one in itertools.product(*choices.values()):
        settings = tuple(zip(choices, values_of_one, strict=True))
        new = changed(recipe, dict(settings))
        variants.append(Variant(settings=settings, recipe=new, epochs=epochs or new.epochs))
    return tuple(variants)
