"""The board: clock, heat, power, memory and disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from edgefmnist.doctor.finding import Finding, ok, problem, unknown, warning
from edgefmnist.environment import Source, read
from edgefmnist.environment.judging import throttling_names
from edgefmnist.environment.reading import temperature_c, throttling_bits

_HOT_C, _WARM_C = 80.0, 75.0  # as edgefmnist.environment.judging has them, with their source
_MB = 1_000_000
_MEMORY_BYTES = (250 * _MB, 120 * _MB)  # warning, problem; the camera takes up to 160 MB
_DISK_BYTES = (500 * _MB, 50 * _MB)
_SINCE_BOOT = 16
_SUPPLY = "use the power supply made for this board and a short, good cable"
_COOL = "give it a heat sink or a fan"


def board(source: Source) -> Iterable[Finding]:
    """Which machine this is."""
    found = read(source)
    name = found.board or found.cpu or found.architecture
    if not name:
        return [unknown("machine", "the system does not say")]
    guest = f", a virtual machine ({found.virtual})" if found.virtual else ""
    emulated = f", emulated by {found.emulator}: times say nothing" if found.emulator else ""
    return [ok("machine", f"{name}{guest}{emulated}")]


def governor(source: Source) -> Iterable[Finding]:
    """How the clock is set; one that follows the load is right for a camera."""
    found = read(source)
    if not found.governor:
        return [unknown("governor", "the system does not say")]
    # "powersave" follows the load under the drivers of newer Intel and AMD processors.
    if "powersave" in found.governor.split(",") and "pstate" not in found.scaling_driver:
        mend = (
            "echo ondemand | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
            " (until the next boot)"
        )
        return [warning("governor", "powersave keeps the clock at its lowest", mend)]
    return [ok("governor", found.governor)]


def temperature(source: Source) -> Iterable[Finding]:
    """How warm it is, judged on a Raspberry Pi alone: other machines have other limits."""
    celsius = temperature_c(source)
    if celsius is None:
        return [unknown("temperature", "the system does not say")]
    found = f"{celsius:.0f} °C"
    if _is_pi(source) and celsius >= _HOT_C:
        return [problem("machine", "temperature", f"{found}: it slows down from 80", _COOL)]
    if _is_pi(source) and celsius >= _WARM_C:
        return [warning("temperature", f"{found}, close to the 80 where it slows down", _COOL)]
    return [ok("temperature", found)]


def power(source: Source) -> Iterable[Finding]:
    """Under-voltage and throttling, now and since boot."""
    bits, told_by = throttling_bits(source)
    if bits is None:
        if _is_pi(source):
            found = "the system does not say whether it throttles"
            return [unknown("power", found, "sudo apt install raspi-utils")]
        return [unknown("power", "the system does not say whether it throttles")]
    now, past = throttling_names(bits), throttling_names(bits >> _SINCE_BOOT)
    shown = f"(bits 0x{bits:x})"
    if now:
        found = f"{', '.join(now)} {shown}"
        return [problem("machine", "power", found, _SUPPLY if "under-voltage" in now else _COOL)]
    if past:
        mend = _SUPPLY if "under-voltage" in past else _COOL
        return [warning("power", f"{', '.join(past)} since boot {shown}", mend)]
    if told_by == "hwmon":
        found = "no under-voltage now; only vcgencmd knows the rest"
        return [unknown("power", found, "sudo apt install raspi-utils")]
    return [ok("power", "no under-voltage or throttling since boot")]


def memory(source: Source) -> Iterable[Finding]:
    """Memory that programs can still have."""
    text = source.text("proc/meminfo")
    told = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.M)
    if told is None:
        return [unknown("memory", "the system does not say")]
    mend = "stop what takes it ('ps aux --sort -rss | head'), or use Raspberry Pi OS Lite"
    return [_room("memory", int(told[1]) * 1024, _MEMORY_BYTES, "", mend)]


def disk(source: Source) -> Iterable[Finding]:
    """Room where the camera's service writes."""
    free = source.free_bytes(source.place(Path("/var/lib")))
    if free is None:
        return [unknown("disk", "the system does not say")]
    mend = "sudo apt clean; sudo journalctl --vacuum-size=50M; or take a larger card"
    return [_room("disk", free, _DISK_BYTES, " in /var/lib", mend)]


def _room(check: str, free: int, limits: tuple[int, int], where: str, mend: str) -> Finding:
    found = f"{free / _MB:,.0f} MB free{where}"
    if free < limits[1]:
        return problem("machine", check, f"only {found}", mend)
    return warning(check, f"only {found}", mend) if free < limits[0] else ok(check, found)


def _is_pi(source: Source) -> bool:
    return source.text("proc/device-tree/model").startswith("Raspberry Pi")
