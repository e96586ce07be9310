"""JSON as the standard has it, for every file, line and message of ours, and of others."""

from __future__ import annotations

import json
import math
from typing import Any

_MOST_DIGITS = 400  # more than any number has that a float can hold


def dumps(value: Any, *, indent: int | None = None, compact: bool = False) -> str:
    """`value` as JSON text; numbers that are not finite, for which JSON has no word, as null.

    compact: without spaces.
    """
    separators = (",", ":") if compact else None
    try:
        return json.dumps(value, indent=indent, separators=separators, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), indent=indent, separators=separators, allow_nan=False)


def loads(text: bytes | str) -> Any:
    """What JSON from outside says; bytes are UTF-8, with or without a byte order mark.

    Raises: ValueError, whose words are fit to be shown.
    """
    try:
        whole = text if isinstance(text, str) else text.decode("utf-8-sig")
        return json.loads(whole, parse_int=_whole_number, object_pairs_hook=_fields)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):  # readers differ on which of them counts
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} twice in one object")
    return fields


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
