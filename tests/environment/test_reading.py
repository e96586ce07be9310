"""The machine is read as it tells of itself, and nothing is made up where it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edgefmnist.environment import Source, read
from tests.environment.machines import Machine, desktop, raspberry_pi, server


def test_a_raspberry_pi(tmp_path: Path) -> None:
    found = read(raspberry_pi(tmp_path).source)
    assert found.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert found.cpu == "Cortex-A76"
    assert (found.architecture, found.cores) == ("aarch64", 4)
    assert found.memory_bytes == 8256000 * 1024
    assert (found.governor, found.scaling_driver) == ("performance", "cpufreq-dt")
    assert (found.frequency_mhz, found.max_frequency_mhz) == (2400, 2400)
    assert found.temperature_c == 48.3
    assert (found.throttled, found.throttled_from) == (0, "vcgencmd")
    assert found.load_1min == 0.08
    assert (found.virtual, found.emulator) == ("", "")


def test_a_guest_on_a_server(tmp_path: Path) -> None:
    found = read(server(tmp_path).source)
    assert (found.cpu, found.virtual) == ("AMD EPYC", "Amazon EC2")
    assert (found.governor, found.throttled_from) == ("", "")
    assert found.frequency_mhz is found.temperature_c is found.throttled is None


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    found = read(Machine(tmp_path / "nowhere").source)
    told = dataclasses.asdict(found)
    for known in ("architecture", "cores", "system", "python", "cpu"):
        told.pop(known)
    assert not any(told.values())


def test_files_with_nonsense_are_as_good_as_none(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path)
    for name in ("sys/class/thermal/thermal_zone0/temp", "proc/loadavg", "proc/meminfo"):
        machine.write(name, "N/A")
    machine.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "<unknown>")
    (tmp_path / "proc/device-tree/model").write_bytes(b"\xff\xfe\x00")
    machine.firmware["get_throttled"] = "VCHI initialization failed"
    found = read(machine.source)
    assert found.board == ""
    assert found.temperature_c is found.frequency_mhz is found.load_1min is found.throttled is None
    assert found.memory_bytes == 0


def test_the_firmware_knows_the_clock_better_than_the_kernel(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path)
    machine.firmware["measure_clock arm"] = "frequency(0)=1500345728"
    assert read(machine.source).frequency_mhz == 1500.3


def test_throttling_without_vcgencmd(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path, "4", "0xd08")
    del machine.firmware["get_throttled"]
    machine.write("sys/class/hwmon/hwmon0/name", "cpu_thermal")
    machine.write("sys/class/hwmon/hwmon2/name", "rpi_volt")
    machine.write("sys/class/hwmon/hwmon2/in0_lcrit_alarm", 1)
    found = read(machine.source)
    assert (found.throttled, found.throttled_from) == (1, "hwmon")
    machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005")
    found = read(machine.source)
    assert (found.throttled, found.throttled_from) == (0x50005, "firmware")


def test_the_processors_zone_is_found_among_others(tmp_path: Path) -> None:
    machine = desktop(tmp_path)
    machine.write("sys/class/thermal/thermal_zone0/type", "acpitz")
    machine.write("sys/class/thermal/thermal_zone0/temp", 27800)
    machine.write("sys/class/thermal/thermal_zone1/type", "x86_pkg_temp")
    machine.write("sys/class/thermal/thermal_zone1/temp", 61000)
    assert read(machine.source).temperature_c == 61


def test_cores_with_unlike_governors(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path)
    machine.write("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave")
    assert read(machine.source).governor == "performance,powersave"


@pytest.mark.parametrize("sign", ["maps", "cpuinfo"])
def test_emulation_is_seen(tmp_path: Path, sign: str) -> None:
    machine = raspberry_pi(tmp_path)
    own = "5500000000-5500001000 r-xp 00000000 b3:02 1234    /usr/bin/python3.11"
    machine.write("proc/self/task/4711/maps", own)
    assert read(machine.source).emulator == ""
    if sign == "maps":
        qemu = "7f0000000000-7f0000400000 r-xp 00000000 fe:00 99   /usr/bin/qemu-aarch64-static"
        machine.write("proc/self/task/4711/maps", f"{own}\n{qemu}")
    else:
        machine.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\nmodel name\t: Intel Core i5\n")
    assert read(machine.source).emulator.startswith("qemu-")


def test_this_machine() -> None:
    found = read()
    assert found.cores >= 1
    assert found.memory_bytes > 2**28
    assert found.load_1min is not None
    assert found.architecture
    assert read(Source()).cpu == found.cpu
