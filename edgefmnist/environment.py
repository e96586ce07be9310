"""What machine a measurement was made on."""

from __future__ import annotations

import dataclasses
import os
import platform
from pathlib import Path

import psutil

_CPU = Path("sys/devices/system/cpu/cpu0/cpufreq")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A machine and its state. Empty or None where the system does not tell.

    board: such as "Raspberry Pi 5 Model B Rev 1.0". governor: CPU frequency governor.
    load_1min: processes running or waiting, averaged over a minute.
    """

    board: str
    cpu: str
    architecture: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    governor: str
    frequency_mhz: float | None
    temperature_c: float | None
    load_1min: float


def read(root: Path = Path("/")) -> Environment:
    """Look at this machine. root: where ``proc`` and ``sys`` are found."""
    frequency = _text(root / _CPU / "scaling_cur_freq")
    temperature = _text(root / "sys/class/thermal/thermal_zone0/temp")
    return Environment(
        board=_text(root / "proc/device-tree/model").rstrip("\0"),
        cpu=_cpu_name(root),
        architecture=platform.machine(),
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        governor=_text(root / _CPU / "scaling_governor"),
        frequency_mhz=int(frequency) / 1000 if frequency.isdigit() else None,
        temperature_c=int(temperature) / 1000 if temperature.isdigit() else None,
        load_1min=round(os.getloadavg()[0], 2),
    )


def _cpu_name(root: Path) -> str:
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model"}:
            return value.strip()
    return platform.processor()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
