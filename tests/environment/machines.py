"""Machines played from files: what their ``/proc``, ``/sys`` and firmware tell."""

from __future__ import annotations

from pathlib import Path

from edgefmnist.environment import Source

_CPUFREQ = "sys/devices/system/cpu/cpu{}/cpufreq/"
_ARM = "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU part\t: {}\n\n"
_STAT = "cpu  {} 0 0 100000 0 0 0 {} 0 0\n" + "".join(
    f"cpu{i} 1 0 0 1 0 0 0 0 0 0\n" for i in range(4)
)


class Machine:
    """A tree of files that a test can change, and a firmware that answers."""

    def __init__(self, root: Path, architecture: str = "aarch64") -> None:
        self.root = root
        self.firmware: dict[str, str] = {}
        self.source = Source(
            root=root,
            architecture=architecture,
            vcgencmd=lambda words: self.firmware.get(words, ""),
        )

    def write(self, path: str, text: str | int | float) -> None:
        """Put a file into the tree."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(f"{text}\n", encoding="utf-8")

    def governor(self, name: str, driver: str = "cpufreq-dt") -> None:
        """The governor of all four cores."""
        for core in range(4):
            self.write(_CPUFREQ.format(core) + "scaling_governor", name)
            self.write(_CPUFREQ.format(core) + "scaling_driver", driver)

    def clock(self, mhz: int, most: int = 2400) -> None:
        """What the first core runs at, by the kernel."""
        self.write(_CPUFREQ.format(0) + "scaling_cur_freq", mhz * 1000)
        self.write(_CPUFREQ.format(0) + "cpuinfo_max_freq", most * 1000)

    def temperature(self, celsius: float) -> None:
        """What the processor's zone tells."""
        self.write("sys/class/thermal/thermal_zone0/type", "cpu-thermal")
        self.write("sys/class/thermal/thermal_zone0/temp", int(celsius * 1000))

    def ticks(self, busy: int, stolen: int = 0) -> None:
        """Processor time since boot, in hundredths of a second."""
        self.write("proc/stat", _STAT.format(busy, stolen).rstrip())


def raspberry_pi(root: Path, model: str = "5", part: str = "0xd0b") -> Machine:
    """A board in order: performance governor, cool, never throttled, nothing else running."""
    machine = Machine(root)
    machine.write("proc/device-tree/model", f"Raspberry Pi {model} Model B Rev 1.0\0")
    machine.write("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")
    machine.write("proc/cpuinfo", _ARM.format(part) + f"Model\t\t: Raspberry Pi {model} Model B\n")
    machine.write("proc/meminfo", "MemTotal:        8256000 kB\nMemFree: 1 kB")
    machine.write("proc/loadavg", "0.08 0.03 0.01 1/180 1234")
    machine.governor("performance")
    machine.clock(2400)
    machine.temperature(48.3)
    machine.ticks(1000)
    machine.firmware["get_throttled"] = "throttled=0x0"
    return machine


def server(root: Path) -> Machine:
    """A guest on an x86 server that tells nothing of clocks and heat."""
    machine = Machine(root, architecture="x86_64")
    machine.write(
        "proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n"
        "flags\t\t: fpu sse2 hypervisor avx2\n",
    )
    machine.write("sys/class/dmi/id/sys_vendor", "Amazon EC2")
    machine.ticks(1000)
    return machine


def desktop(root: Path) -> Machine:
    """A plain PC."""
    machine = Machine(root, architecture="x86_64")
    machine.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\nmodel name\t: Intel Core i5\n")
    machine.write("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", 7)
    machine.governor("powersave", driver="intel_pstate")
    machine.temperature(88)  # a PC's usual
    machine.ticks(1000)
    return machine
