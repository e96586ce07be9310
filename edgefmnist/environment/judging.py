"""Whether times measured on a machine can be trusted, and what to do where not."""

from __future__ import annotations

import dataclasses
from typing import Literal

from edgefmnist.environment.reading import Environment

Level = Literal["ok", "warning", "problem", "unknown"]

_HOT_C = 80.0
"""From here on a Raspberry Pi slows down (Raspberry Pi documentation, "Monitoring core
temperature": between 80 and 85 degrees the Arm cores are throttled back). Other machines have
their limits elsewhere, and count when they throttle."""
_WARM_C = 75.0
_CLOCK_MOVED = 0.05  # of the highest clock seen
_CLOCK_LOW = 0.90  # of the highest clock there is
_OTHERS_CORES = (0.1, 0.5)  # warning, problem
_STOLEN_CORES = (0.01, 0.05)

# The order of the Raspberry Pi documentation's table for `get_throttled`; bits 16 to 19 say the
# same of the time since boot.
_EVENTS = ("under-voltage", "clock capped", "throttled", "soft temperature limit")
_SINCE_BOOT = 16


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One thing looked at. level: "unknown" where the system does not tell.

    about: machine, governor, clock, temperature, throttling, others or steal.
    mend: what to do about it; empty where nothing is to be done.
    """

    about: str
    level: Level
    what: str
    mend: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen while something was measured.

    threads: the most that were measured at once.
    frequencies_mhz, temperatures_c: at the end of each timed window.
    others_cores: processor time taken by other processes, a second; 1 is one core all the time.
    stolen_cores: the same, of the hypervisor's other guests.
    """

    seconds: float
    threads: int
    frequencies_mhz: tuple[float, ...]
    temperatures_c: tuple[float, ...]
    others_cores: float | None
    stolen_cores: float


def judge(
    before: Environment, after: Environment | None = None, run: Run | None = None
) -> tuple[Judgement, ...]:
    """Judge a machine by one look at it, or what it was like during a run."""
    after = after or before
    found = [_machine(before), _governor(before, after)]
    if run is not None:
        found.append(_clock(before, run))
    found += [_temperature(before, after, run), _throttling(before, after)]
    if run is not None:
        found.append(_others(before, run))
        if before.virtual or run.stolen_cores:
            found.append(_stolen(run))
    return tuple(found)


def _machine(environment: Environment) -> Judgement:
    name = environment.board or environment.cpu or environment.architecture
    if environment.emulator:
        return Judgement(
            about="machine",
            level="problem",
            what=f"{environment.architecture} is emulated ({environment.emulator})",
            mend="times say nothing about a device: measure on one",
        )
    if environment.virtual:
        return Judgement(
            about="machine",
            level="warning",
            what=f"a virtual machine ({environment.virtual})",
            mend="trust ratios within one run more than microseconds",
        )
    return Judgement(about="machine", level="ok", what=name)


def _governor(before: Environment, after: Environment) -> Judgement:
    governor = before.governor
    mend = (
        "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        " (until the next boot)"
    )
    if not governor:
        return Judgement(about="governor", level="unknown", what="no frequency governor to be seen")
    if after.governor != governor:
        what = f"the governor changed from {governor} to {after.governor}"
        return Judgement(about="governor", level="problem", what=what, mend=mend)
    if governor == "performance":
        return Judgement(about="governor", level="ok", what="governor performance")
    # Under the drivers of newer Intel and AMD CPUs "powersave" follows the load; elsewhere it
    # means the lowest clock (kernel documentation, admin-guide/pm/cpufreq and intel_pstate).
    if "powersave" in governor.split(",") and "pstate" not in before.scaling_driver:
        what = "governor powersave keeps the clock at its lowest"
        return Judgement(about="governor", level="problem", what=what, mend=mend)
    what = f"governor {governor} lets the clock follow the load"
    return Judgement(about="governor", level="warning", what=what, mend=mend)


def _clock(before: Environment, run: Run) -> Judgement:
    if not run.frequencies_mhz:
        return Judgement(about="clock", level="unknown", what="the clock is not told")
    low, high = min(run.frequencies_mhz), max(run.frequencies_mhz)
    most = before.max_frequency_mhz
    if most and high < _CLOCK_LOW * most:
        return Judgement(
            about="clock",
            level="problem",
            what=f"the clock was {high:,.0f} MHz at most, of {most:,.0f}",
            mend="see governor, temperature and power supply",
        )
    if low < (1 - _CLOCK_MOVED) * high:
        return Judgement(
            about="clock",
            level="warning",
            what=f"the clock moved between {low:,.0f} and {high:,.0f} MHz",
            mend="set the governor to performance, cool it, or measure longer",
        )
    return Judgement(about="clock", level="ok", what=f"clock {high:,.0f} MHz")


def _temperature(before: Environment, after: Environment, run: Run | None) -> Judgement:
    seen = [before.temperature_c, after.temperature_c, *(run.temperatures_c if run else ())]
    known = [celsius for celsius in seen if celsius is not None]
    if not known:
        return Judgement(about="temperature", level="unknown", what="the temperature is not told")
    hottest = max(known)
    what = (
        f"{hottest:.0f} °C" if run is None else f"{known[0]:.0f} °C before, {hottest:.0f} at most"
    )
    mend = "give it a heat sink or a fan, let it cool, and measure again"
    if before.board.startswith("Raspberry Pi") and hottest >= _WARM_C:
        if hottest >= _HOT_C:
            what += f": it slows down from {_HOT_C:.0f}"
            return Judgement(about="temperature", level="problem", what=what, mend=mend)
        what += f", close to the {_HOT_C:.0f} at which it slows down"
        return Judgement(about="temperature", level="warning", what=what, mend=mend)
    return Judgement(about="temperature", level="ok", what=what)


def _throttling(before: Environment, after: Environment) -> Judgement:
    if after.throttled is not None:
        return _pi_throttling(before, after)
    if after.throttle_count is None:
        return Judgement(about="throttling", level="unknown", what="throttling is not told")
    times = after.throttle_count - (before.throttle_count or 0)
    if times > 0:
        return Judgement(
            about="throttling",
            level="problem",
            what=f"the CPU slowed down for heat {times} times during the run",
            mend="cool it and measure again",
        )
    return Judgement(about="throttling", level="ok", what="not throttled")


def _pi_throttling(before: Environment, after: Environment) -> Judgement:
    first, last = before.throttled or 0, after.throttled or 0
    begun = (last & ~first) >> _SINCE_BOOT  # happened between the two looks
    now = throttling_names(first | last | begun)
    supply = "use the power supply made for this board and a good cable"
    cool = "give it a heat sink or a fan"
    if now:
        mend = supply if "under-voltage" in now else cool
        what = f"{', '.join(now)} (bits 0x{last:x})"
        return Judgement(
            about="throttling", level="problem", what=what, mend=f"{mend}, and measure again"
        )
    past = throttling_names(last >> _SINCE_BOOT)
    if past:
        return Judgement(
            about="throttling",
            level="warning",
            what=f"{', '.join(past)} since boot (bits 0x{last:x}), perhaps again meanwhile",
            mend=f"{supply if 'under-voltage' in past else cool}, and start it anew",
        )
    if after.throttled_from == "hwmon":
        what = "no under-voltage; throttling is not told without vcgencmd"
        mend = "sudo apt install raspi-utils"
        return Judgement(about="throttling", level="unknown", what=what, mend=mend)
    return Judgement(about="throttling", level="ok", what="not throttled since boot")


def throttling_names(bits: int) -> list[str]:
    """What the lowest bits of ``vcgencmd get_throttled`` say: of now, not since boot."""
    return [name for number, name in enumerate(_EVENTS) if bits >> number & 1]


def _others(environment: Environment, run: Run) -> Judgement:
    if run.others_cores is None:
        return Judgement(about="others", level="unknown", what="the load of others is not told")
    what = f"other processes took {run.others_cores:.0%} of a core"
    level = _level(run.others_cores, _OTHERS_CORES)
    if level == "ok" and run.threads > environment.cores:
        return Judgement(
            about="others",
            level="warning",
            what=f"{run.threads} threads on {environment.cores} cores got in each other's way",
            mend="ask for no more --threads than there are cores",
        )
    mend = "" if level == "ok" else "stop them and measure again"
    return Judgement(about="others", level=level, what=what, mend=mend)


def _stolen(run: Run) -> Judgement:
    level = _level(run.stolen_cores, _STOLEN_CORES)
    return Judgement(
        about="steal",
        level=level,
        what=f"the hypervisor took {run.stolen_cores:.1%} of a core for others",
        mend="" if level == "ok" else "measure at a quieter hour or on a machine of your own",
    )


def _level(value: float, limits: tuple[float, float]) -> Level:
    warning, problem = limits
    return "problem" if value > problem else "warning" if value > warning else "ok"
