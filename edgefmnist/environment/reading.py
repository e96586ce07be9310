"""Reading a machine and its state from ``/proc``, ``/sys`` and the Raspberry Pi's firmware."""

from __future__ import annotations

import dataclasses
import os
import platform
import re
from typing import Literal

from edgefmnist.environment.source import Source

_CPUS = "sys/devices/system/cpu"
_ARM_CORES = {
    "0xb76": "ARM1176",
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
}
"""Names of the cores that Raspberry Pis have, by ``CPU part``: 64-bit kernels give only that."""

ThrottledFrom = Literal["vcgencmd", "firmware", "hwmon", ""]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A machine and its state at one moment. Empty or None where the system does not tell.

    board: such as "Raspberry Pi 5 Model B Rev 1.0". cores: that the system runs on.
    virtual: the hypervisor it is a guest of. emulator: what translates programs of `architecture`
        for a CPU of another kind.
    governor: CPU frequency governor; several, with commas, where cores differ. scaling_driver: the
        kernel's driver under it.
    frequency_mhz: the first core's clock now; max_frequency_mhz: the most it may have.
    throttled: bits as of ``vcgencmd get_throttled``; throttled_from: who told, where "hwmon" knows
        of under-voltage only.
    throttle_count: how often x86 cores slowed down for heat since boot, the most of any core.
    load_1min: processes running or waiting, averaged over a minute.
    """

    board: str
    cpu: str
    architecture: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    virtual: str
    emulator: str
    governor: str
    scaling_driver: str
    frequency_mhz: float | None
    max_frequency_mhz: float | None
    temperature_c: float | None
    throttled: int | None
    throttled_from: ThrottledFrom
    throttle_count: int | None
    load_1min: float | None


def read(source: Source | None = None) -> Environment:
    """Look at a machine, by default at this one."""
    source = source or Source()
    cpuinfo = _cpuinfo(source)
    throttled, told_by = throttling_bits(source)
    most = source.number(f"{_CPUS}/cpu0/cpufreq/cpuinfo_max_freq")
    return Environment(
        board=source.text("proc/device-tree/model").rstrip("\0"),
        cpu=_cpu_name(cpuinfo),
        architecture=source.architecture,
        cores=len(re.findall(r"^cpu\d+ ", source.text("proc/stat"), re.M)) or os.cpu_count() or 1,
        memory_bytes=_memory_bytes(source),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        virtual=_hypervisor(source, cpuinfo),
        emulator=_emulator(source, cpuinfo),
        governor=",".join(_unlike(source, "scaling_governor")),
        scaling_driver=",".join(_unlike(source, "scaling_driver")),
        frequency_mhz=frequency_mhz(source),
        max_frequency_mhz=None if most is None else most / 1000,
        temperature_c=temperature_c(source),
        throttled=throttled,
        throttled_from=told_by,
        throttle_count=_throttle_count(source),
        load_1min=_load(source),
    )


def frequency_mhz(source: Source) -> float | None:
    """The first core's clock.

    On a Raspberry Pi the firmware is asked first: the kernel's figure is what was asked for, and
    stays up while the firmware throttles (raspberrypi/linux issue 2986).
    """
    told = re.fullmatch(r"frequency\(\d+\)=(\d+)", source.vcgencmd("measure_clock arm"))
    if told:
        return round(int(told[1]) / 1e6, 1)
    kilohertz = source.number(f"{_CPUS}/cpu0/cpufreq/scaling_cur_freq")
    return None if kilohertz is None else kilohertz / 1000


def temperature_c(source: Source) -> float | None:
    """The processor's temperature: of the zone named for it, else of the first one."""
    zones = source.each("sys/class/thermal/thermal_zone*")
    named = [zone for zone in zones if re.match("cpu|soc|x86_pkg", source.text(f"{zone}/type"))]
    for zone in named or zones:
        found = source.number(f"{zone}/temp")
        if found is not None:
            return round(found / 1000, 1)
    return None


def throttling_bits(source: Source) -> tuple[int | None, ThrottledFrom]:
    """Throttling bits and who told them.

    The firmware's file under ``/sys`` comes second because the first reader of it has the kernel
    log a warning ("deprecated, use hwmon sysfs instead", drivers/firmware/raspberrypi.c); what is
    meant by that, the alarm of drivers/hwmon/raspberrypi-hwmon.c, knows of under-voltage alone.
    """
    told = re.fullmatch(r"throttled=0x([0-9a-fA-F]+)", source.vcgencmd("get_throttled"))
    if told:
        return int(told[1], 16), "vcgencmd"
    for path in source.each("sys/devices/platform/soc*/soc*firmware/get_throttled"):
        found = source.text(path)
        if re.fullmatch(r"[0-9a-fA-F]{1,8}", found):
            return int(found, 16), "firmware"
    for path in source.each("sys/class/hwmon/hwmon*"):
        if source.text(f"{path}/name") == "rpi_volt":
            alarm = source.number(f"{path}/in0_lcrit_alarm")
            return (None, "") if alarm is None else (int(alarm != 0), "hwmon")
    return None, ""


def _throttle_count(source: Source) -> int | None:
    counts = [
        source.number(path)
        for path in source.each(f"{_CPUS}/cpu*/thermal_throttle/core_throttle_count")
    ]
    return max((count for count in counts if count is not None), default=None)


def _unlike(source: Source, name: str) -> list[str]:
    found = {source.text(path) for path in source.each(f"{_CPUS}/cpu*/cpufreq/{name}")}
    return sorted(found - {""})


def _cpuinfo(source: Source) -> dict[str, str]:
    """The first value of each key of ``/proc/cpuinfo``."""
    told: dict[str, str] = {}
    for line in source.text("proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        told.setdefault(key.strip(), value.strip())
    return told


def _cpu_name(cpuinfo: dict[str, str]) -> str:
    part = cpuinfo.get("CPU part", "").lower()
    arm = _ARM_CORES.get(part, f"Arm, part {part}") if part else ""
    return cpuinfo.get("model name") or arm or platform.processor()


def _memory_bytes(source: Source) -> int:
    told = re.search(r"^MemTotal:\s+(\d+) kB", source.text("proc/meminfo"), re.M)
    return int(told[1]) * 1024 if told else 0


def _load(source: Source) -> float | None:
    told = re.match(r"\d+\.\d+", source.text("proc/loadavg"))
    return float(told[0]) if told else None


def _hypervisor(source: Source, cpuinfo: dict[str, str]) -> str:
    """The vendor of the virtual machine, as its firmware tables tell, where it is one."""
    vendor = source.text("sys/class/dmi/id/sys_vendor")
    guest = "hypervisor" in cpuinfo.get("flags", "").split()
    if guest or vendor == "QEMU" or "dummy-virt" in source.text("proc/device-tree/compatible"):
        return vendor or "hypervisor"
    return ""


def _emulator(source: Source, cpuinfo: dict[str, str]) -> str:
    """What emulates this CPU for programs (qemu-user), by two signs.

    The emulator's own file is mapped into this process. QEMU hides that in ``/proc/self/maps`` and
    not in the list of each thread (linux-user/syscall.c, `is_proc_myself`). And older QEMUs show
    the host's ``/proc/cpuinfo``, whose keys are not those of `architecture`.
    """
    for path in source.each("proc/self/task/*/maps")[:1]:
        mapped = re.search(r"/(qemu-[^/\s]+)$", source.text(path), re.M)
        if mapped:
            return mapped[1]
    arm = source.architecture.startswith(("arm", "aarch64"))
    wrong = "vendor_id" if arm else "CPU implementer"
    return "qemu-user" if wrong in cpuinfo else ""
