"""Changing single settings of a recipe by words, as ``--set FIELD=VALUE`` asks for."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from edgefmnist.dataset.catalogue import FILES
from edgefmnist.errors import UsageError
from edgefmnist.training import recipes
from edgefmnist.training.recipes import Recipe

_PICTURES = FILES["train"][0].shape[0]
_AT_LEAST_ONE = {"batch_size", "epochs", "validation_count", "views"}


def read(asked: Iterable[str]) -> dict[str, str]:
    """Field to value of each ``FIELD=VALUE``. Raises: UsageError (another form, a field twice)."""
    settings: dict[str, str] = {}
    for one in asked:
        field, equals, value = one.partition("=")
        if not (equals and field and value) or "," in value:
            raise UsageError(f"--set {one}: give FIELD=VALUE, one value; sweep tries several")
        if field in settings:
            raise UsageError(f"--set {field} is given twice: give it once")
        settings[field] = value
    return settings


def changed(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """`recipe` with each of `settings`: a field of it or, with a dot, of its parts, and its value.

    Raises: UsageError (no such field, or a value it cannot have).
    """
    new = recipe
    for field, value in settings.items():
        new = _with(new, field, value, field)
    settling = new.settling.epochs if new.settling else 0
    if settings and new.warmup_epochs + settling >= new.epochs:
        raise UsageError(
            f"--set: {new.warmup_epochs} epochs of warm-up and {settling} of settling leave none "
            f"of {new.epochs}: give --epochs instead, for a shorter training of the same shape"
        )
    return new


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
    new = _with(now, inner, value, asked) if inner else _parsed(kinds[name], value, name, asked)
    return dataclasses.replace(part, **{name: new})


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
    if name == "batch_size" and number > _PICTURES:
        raise UsageError(f"--set {asked}: {value} is more than the {_PICTURES:,} pictures")
    if not least <= number < float("inf"):
        whole = "a whole number" if kind is int else "a number"
        raise UsageError(f"--set {asked}: {value!r} is not {whole} of at least {least}")
    return number
