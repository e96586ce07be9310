"""All checks, in the order in which one rests on the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edgefmnist.doctor import camera, machine, service, software
from edgefmnist.doctor.finding import Finding, unknown
from edgefmnist.environment import Source

Check = Callable[[Source], Iterable[Finding]]

_CHECKS: dict[str, Check] = {
    "machine": machine.board,
    "python": software.python,
    "architecture": software.architecture,
    "libc": software.libc,
    "numpy": software.numpy,
    "opencv": software.opencv,
    "runtime": software.runtime,
    "models": software.models,
    "camera": camera.cameras,
    "governor": machine.governor,
    "temperature": machine.temperature,
    "power": machine.power,
    "memory": machine.memory,
    "disk": machine.disk,
    "data set": software.data_set,
    "service": service.service,
}


def examine(source: Source | None = None) -> tuple[Finding, ...]:
    """Look at everything, by default of this machine. Raises nothing, whatever the system lacks."""
    source = source or Source()
    return tuple(
        finding for name, check in _CHECKS.items() for finding in _guarded(name, check, source)
    )


def _guarded(name: str, check: Check, source: Source) -> list[Finding]:
    try:
        return list(check(source))
    except Exception as error:  # one check that fails must not hide what the others found
        found = f"could not be looked at: {type(error).__name__}: {error}"
        return [unknown(name, found, "mend what the lines above say, then run doctor again")]
