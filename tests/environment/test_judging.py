"""What casts doubt on a measurement is named, with its mend; a quiet machine is left in peace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgefmnist.environment import Judgement, Watch, judge, read, watching
from tests.environment.machines import Machine, desktop, raspberry_pi, server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time goes on by ten seconds from one reading to the next, and we ourselves take none."""
    times = iter(range(0, 1000, 10))
    monkeypatch.setattr(watching.time, "monotonic", lambda: float(next(times)))
    own = watching.os.times()
    monkeypatch.setattr(watching.os, "times", lambda: own)


def _by_subject(judgements: tuple[Judgement, ...]) -> dict[str, Judgement]:
    found = {one.about: one for one in judgements}
    assert len(found) == len(judgements)
    for one in judgements:
        assert (one.level in ("warning", "problem")) <= bool(one.mend), one
    return found


def test_a_board_in_order_has_nothing_against_it(tmp_path: Path, clock: None) -> None:
    watch = Watch(raspberry_pi(tmp_path).source)
    watch.sample()
    told = _by_subject(watch.end().judgements)
    assert {one.level for one in told.values()} == {"ok"}
    assert {*told} == {"machine", "governor", "clock", "temperature", "throttling", "others"}


@pytest.mark.parametrize(
    ("governor", "driver", "level"),
    [
        ("performance", "cpufreq-dt", "ok"),
        ("ondemand", "cpufreq-dt", "warning"),
        ("schedutil", "cpufreq-dt", "warning"),
        ("powersave", "cpufreq-dt", "problem"),
        ("powersave", "intel_pstate", "warning"),
        ("powersave", "amd-pstate-epp", "warning"),
    ],
)
def test_governors(tmp_path: Path, governor: str, driver: str, level: str) -> None:
    machine = raspberry_pi(tmp_path)
    machine.governor(governor, driver)
    found = _by_subject(judge(read(machine.source)))["governor"]
    assert found.level == level
    assert level == "ok" or "scaling_governor" in found.mend


@pytest.mark.parametrize(
    ("before", "after", "level", "words"),
    [
        ("0x0", "0x0", "ok", "not throttled since boot"),
        ("0x50005", "0x50005", "problem", "under-voltage, throttled"),
        ("0x0", "0x50000", "problem", "under-voltage, throttled"),  # came and went meanwhile
        ("0x50000", "0x50000", "warning", "since boot"),
        ("0x50000", "0xf0000", "problem", "clock capped, soft temperature limit"),
        ("0x0", "0x80008", "problem", "soft temperature limit"),
    ],
)
def test_throttling_of_a_raspberry_pi(
    tmp_path: Path, clock: None, before: str, after: str, level: str, words: str
) -> None:
    machine = raspberry_pi(tmp_path, "4", "0xd08")
    machine.firmware["get_throttled"] = f"throttled={before}"
    watch = Watch(machine.source)
    machine.firmware["get_throttled"] = f"throttled={after}"
    found = _by_subject(watch.end().judgements)["throttling"]
    assert found.level == level
    assert words in found.what
    assert ("power supply" in found.mend) == ("under-voltage" in found.what)


def test_without_vcgencmd_only_the_voltage_is_known(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path)
    del machine.firmware["get_throttled"]
    machine.write("sys/class/hwmon/hwmon0/name", "rpi_volt")
    machine.write("sys/class/hwmon/hwmon0/in0_lcrit_alarm", 0)
    found = _by_subject(judge(read(machine.source)))["throttling"]
    assert found.level == "unknown"
    assert "no under-voltage" in found.what
    machine.write("sys/class/hwmon/hwmon0/in0_lcrit_alarm", 1)
    assert _by_subject(judge(read(machine.source)))["throttling"].level == "problem"


@pytest.mark.parametrize(
    ("celsius", "level"), [(48, "ok"), (74.9, "ok"), (75, "warning"), (80, "problem")]
)
def test_heat_in_the_middle_of_a_run(
    tmp_path: Path, clock: None, celsius: float, level: str
) -> None:
    machine = raspberry_pi(tmp_path)
    watch = Watch(machine.source)
    machine.temperature(celsius)
    watch.sample()
    machine.temperature(40)
    assert _by_subject(watch.end().judgements)["temperature"].level == level


def test_a_clock_that_moves_or_stays_low(tmp_path: Path, clock: None) -> None:
    machine = raspberry_pi(tmp_path)
    watch = Watch(machine.source)
    for mhz in (2400, 1500):
        machine.clock(mhz)
        watch.sample()
    moved = _by_subject(watch.end().judgements)["clock"]
    assert (moved.level, "1,500 and 2,400" in moved.what) == ("warning", True)
    watch = Watch(machine.source)
    watch.sample()
    assert _by_subject(watch.end().judgements)["clock"].level == "problem"


@pytest.mark.parametrize(
    ("ticks", "level"), [(1000, "ok"), (1090, "ok"), (1300, "warning"), (2500, "problem")]
)
def test_load_of_others(tmp_path: Path, clock: None, ticks: int, level: str) -> None:
    machine = raspberry_pi(tmp_path)
    watch = Watch(machine.source)
    machine.ticks(ticks)  # of 10 seconds at 100 a second and core
    conditions = watch.end()
    assert conditions.run.others_cores == pytest.approx((ticks - 1000) / 1000)
    assert _by_subject(conditions.judgements)["others"].level == level


def test_our_own_children_are_not_others(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path)
    watch = Watch(machine.source)
    code = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    machine.ticks(1100)  # a second in all, half of it the child's
    run = watch.end().run
    assert run.others_cores is not None
    assert 0.2 < run.others_cores * run.seconds < 0.55


def test_more_threads_than_cores(tmp_path: Path, clock: None) -> None:
    machine = raspberry_pi(tmp_path)
    assert _by_subject(Watch(machine.source).end(4).judgements)["others"].level == "ok"
    assert _by_subject(Watch(machine.source).end(8).judgements)["others"].level == "warning"


def test_a_guest_whose_time_is_stolen(tmp_path: Path, clock: None) -> None:
    machine = server(tmp_path)
    watch = Watch(machine.source)
    machine.ticks(1000, stolen=100)
    told = _by_subject(watch.end().judgements)
    assert told["machine"].level == "warning"
    assert told["steal"].level == "problem"
    assert told["throttling"].level == told["temperature"].level == "unknown"


def test_a_pc_is_judged_by_what_it_counts(tmp_path: Path, clock: None) -> None:
    machine = desktop(tmp_path)
    watch = Watch(machine.source)
    told = _by_subject(watch.end().judgements)
    assert told["temperature"].level == told["throttling"].level == "ok"
    watch = Watch(machine.source)
    machine.write("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", 9)
    found = _by_subject(watch.end().judgements)["throttling"]
    assert (found.level, "2 times" in found.what) == ("problem", True)


def test_an_emulated_machine_is_no_device(tmp_path: Path) -> None:
    machine = raspberry_pi(tmp_path)
    machine.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\nmodel name\t: Intel Core i5\n")
    found = _by_subject(judge(read(machine.source)))["machine"]
    assert (found.level, "emulated" in found.what) == ("problem", True)


def test_a_system_that_tells_nothing_is_unknown_not_well(tmp_path: Path) -> None:
    watch = Watch(Machine(tmp_path / "nowhere").source)
    told = _by_subject(watch.end().judgements)
    silent = ("governor", "clock", "temperature", "throttling", "others")
    assert {told[about].level for about in silent} == {"unknown"}
