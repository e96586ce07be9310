"""The camera's systemd service."""

from __future__ import annotations

from collections.abc import Iterable

from edgefmnist.doctor.finding import Finding, ok, problem, unknown, warning
from edgefmnist.environment import Source
from edgefmnist.service.unit import NAME

_PROPERTIES = "LoadState,ActiveState,SubState,UnitFileState,NRestarts,StatusText,Result"
_MANY_RESTARTS = 5


def is_running(source: Source) -> bool:
    """Whether the service runs now."""
    state = source.run(("systemctl", "show", NAME, "--property=ActiveState"))
    return "ActiveState=active" in (state or "").splitlines()


def service(source: Source) -> Iterable[Finding]:
    """Whether the service is there, runs, and comes back after a boot."""
    told = source.run(("systemctl", "show", NAME, f"--property={_PROPERTIES}"))
    state = dict(line.split("=", 1) for line in (told or "").splitlines() if "=" in line)
    if "LoadState" not in state:
        if told is None or not (source.root / "run/systemd/system").is_dir():  # sd_booted(3)
            return [ok("service", "systemd does not run here")]
        found = f"systemctl does not say: {told[-200:] or 'no answer'}"
        return [unknown("service", found, f"systemctl status {NAME}")]
    if state["LoadState"] != "loaded":
        return [ok("service", "not installed; edgefmnist service install does it")]
    active = f"{state.get('ActiveState', '')} ({state.get('SubState', '')})"
    if state.get("StatusText"):
        active += f", {state['StatusText']}"
    restarts = int(state.get("NRestarts") or 0)
    if restarts:
        active += f", started again {restarts} times"
    logs = f"journalctl -u {NAME.removesuffix('.service')} -n 50 tells why"
    if state.get("ActiveState") == "failed":
        return [problem("machine", "service", f"{active}, {state.get('Result', '')}", logs)]
    if state.get("UnitFileState") == "disabled" or state.get("ActiveState") == "inactive":
        mend = "sudo systemctl enable --now edgefmnist"
        return [warning("service", f"{active}, {state.get('UnitFileState', '')}", mend)]
    if restarts > _MANY_RESTARTS or state.get("ActiveState") != "active":
        return [warning("service", active, logs)]
    return [ok("service", active)]
