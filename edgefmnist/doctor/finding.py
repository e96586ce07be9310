"""One line of what the doctor says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Literal

from edgefmnist.errors import (
    BadModel,
    CameraUnavailable,
    EdgeFmnistError,
    GateRefused,
    MissingDependency,
    one_line,
)

Status = Literal["ok", "unknown", "warning", "problem"]
Problem = Literal["install", "model", "camera", "machine"]

_ERRORS: dict[Problem, type[EdgeFmnistError]] = {
    "install": MissingDependency,
    "model": BadModel,
    "camera": CameraUnavailable,
    "machine": GateRefused,
}
"""What each kind of problem is, for the exit code. The machine's is a gate's: it was measured
(heat, voltage, memory, a model's answers) and is not what it must be."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at.

    status: "ok" also where there is nothing to be had and nothing is needed; "unknown": the system
    does not say, or could not be asked; "warning": it works, but not all or not well; "problem": it
    does not work.
    mend: what to do about it; empty where nothing is to be done. kind: of a problem, else None.
    """

    check: str
    status: Status
    found: str
    mend: str = ""
    kind: Problem | None = None


def ok(check: str, found: str) -> Finding:
    """Nothing to be done."""
    return Finding(check=check, status="ok", found=one_line(found))


def unknown(check: str, found: str, mend: str = "") -> Finding:
    """It could not be seen how it is."""
    return Finding(check=check, status="unknown", found=one_line(found), mend=one_line(mend))


def warning(check: str, found: str, mend: str) -> Finding:
    """Something works badly or not wholly."""
    return Finding(check=check, status="warning", found=one_line(found), mend=one_line(mend))


def problem(kind: Problem, check: str, found: str, mend: str) -> Finding:
    """Something does not work."""
    return Finding(
        check=check, status="problem", found=one_line(found), mend=one_line(mend), kind=kind
    )


def worst(findings: Iterable[Finding]) -> EdgeFmnistError | None:
    """The error of the first problem, to which the others are counted; None without any.

    The first decides: the checks go from what others rest on (Python, runtime) to what rests on
    them.
    """
    problems = [one for one in findings if one.kind is not None]
    if not problems:
        return None
    first = problems[0]
    assert first.kind is not None
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return _ERRORS[first.kind](f"{count}; first {first.check}: {first.found}; {first.mend}")
