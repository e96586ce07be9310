"""Recipes that differ in some settings: what a sweep tries."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import typing
from collections.abc import Iterable
from typing import Any

from edgefmnist.errors import UsageError
from edgefmnist.training import recipes
from edgefmnist.training.recipes import Recipe

_AT_LEAST_ONE = {"batch_size", "epochs", "validation_count", "views"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A recipe and what it differs in: (setting, value) as they were asked for."""

    settings: tuple[tuple[str, str], ...]
    recipe: Recipe

    @property
    def name(self) -> str:
        """Its settings in a line, or the recipe's name where there are none."""
        return " ".join(f"{key}={value}" for key, value in self.settings) or self.recipe.name


def grid(recipe: Recipe, asked: Iterable[str]) -> tuple[Variant, ...]:
    """Every combination of the values asked for.

    asked: ``FIELD=VALUE,VALUE...``, a field of `Recipe` or, with a dot, of its parts
        (``augmentation.shift=1,2``).
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
    combinations = itertools.product(*choices.values())
    return tuple(_variant(recipe, tuple(zip(choices, some, strict=True))) for some in combinations)


def _variant(recipe: Recipe, settings: tuple[tuple[str, str], ...]) -> Variant:
    changed = recipe
    for field, value in settings:
        changed = _with(changed, field, value, field)
    return Variant(settings=settings, recipe=changed)


def _with(part: Any, field: str, value: str, asked: str) -> Any:
    """`part` (a recipe or a part of one) with `field` set; `asked` is its name in full."""
    name, _, inner = field.partition(".")
    kinds = typing.get_type_hints(type(part))
    kinds.pop("name", None)
    if name not in kinds:
        near = difflib.get_close_matches(name, kinds, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"--set {asked}: no such field: {hint}(fields: {', '.join(kinds)})")
    now = getattr(part, name)
    if inner and now is None:
        raise UsageError(f"--set {asked}: the recipe has no {name}")
    if dataclasses.is_dataclass(now) != bool(inner):
        raise UsageError(f"--set {asked}: {name} {'has parts' if not inner else 'has no parts'}")
    changed = _with(now, inner, value, asked) if inner else _parsed(kinds[name], value, name, asked)
    return dataclasses.replace(part, **{name: changed})


def _parsed(kind: type, value: str, name: str, asked: str) -> object:
    """`value` as the field's type."""
    if name == "network":
        known = sorted({recipe.network for recipe in recipes.RECIPES.values()})
        if value in known:
            return value
        raise UsageError(f"--set {asked}: no network {value!r} (networks: {', '.join(known)})")
    if kind is bool:
        if value in ("true", "false"):
            return value == "true"
        raise UsageError(f"--set {asked}: {value!r} is neither true nor false")
    least = 1 if name in _AT_LEAST_ONE else 0
    try:
        number = kind(value)
    except (TypeError, ValueError):
        number = -1
    if not least <= number < float("inf"):
        whole = "a whole number" if kind is int else "a number"
        raise UsageError(f"--set {asked}: {value!r} is not {whole} of at least {least}")
    return number
