"""Watching a machine while something is measured on it."""

from __future__ import annotations

import dataclasses
import os
import time

from edgefmnist.environment.judging import Judgement, Run, judge
from edgefmnist.environment.reading import Environment, frequency_mhz, read, temperature_c
from edgefmnist.environment.source import Source


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a machine was like during a measurement.

    before, after: its state at both ends. run: what was seen in between.
    judgements: what of it is well and what casts doubt on the measurement.
    """

    before: Environment
    after: Environment
    run: Run
    judgements: tuple[Judgement, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    """Seconds since boot or start, over all cores.

    busy_s: any process was running. stolen_s: the hypervisor ran something else.
    own_s: taken by this process and by the children it has waited for.
    """

    at_s: float
    busy_s: float | None
    stolen_s: float
    own_s: float


class Watch:
    """Reads the machine at the start, at each `sample` and at the `end`."""

    def __init__(self, source: Source | None = None) -> None:
        self._source = source or Source()
        self.before = read(self._source)
        self._frequencies: list[float] = []
        self._temperatures: list[float] = []
        self._start = _read_clock(self._source)

    def sample(self) -> None:
        """Note clock and temperature, best at once after work, before the clock goes down."""
        for found, notes in (
            (frequency_mhz(self._source), self._frequencies),
            (temperature_c(self._source), self._temperatures),
        ):
            if found is not None:
                notes.append(found)

    def end(self, threads: int = 1) -> Conditions:
        """Close the watch; children that were measured must have been waited for.

        threads: the most that were measured at once.
        """
        stop, after = _read_clock(self._source), read(self._source)
        seconds = max(stop.at_s - self._start.at_s, 1e-9)
        others = None
        if stop.busy_s is not None and self._start.busy_s is not None:
            busy_s, own_s = stop.busy_s - self._start.busy_s, stop.own_s - self._start.own_s
            others = round(max(busy_s - own_s, 0.0) / seconds, 3)
        run = Run(
            seconds=round(seconds, 1),
            threads=threads,
            frequencies_mhz=tuple(self._frequencies),
            temperatures_c=tuple(self._temperatures),
            others_cores=others,
            stolen_cores=round((stop.stolen_s - self._start.stolen_s) / seconds, 3),
        )
        return Conditions(
            before=self.before,
            after=after,
            run=run,
            judgements=judge(self.before, after, run),
        )


def _read_clock(source: Source) -> _Clock:
    """Processor time of everybody, from the first line of ``/proc/stat``, and our own.

    Its columns are user, nice, system, idle, iowait, irq, softirq, steal and guest; guest time is
    in user already (man 5 proc_stat).
    """
    own = os.times()
    busy_s, stolen_s = None, 0.0
    words = source.text("proc/stat").partition("\n")[0].split()
    if len(words) >= 9 and words[0] == "cpu" and all(word.isdigit() for word in words[1:]):
        tick_s = 1 / os.sysconf("SC_CLK_TCK")
        user, nice, system, _, _, irq, softirq, steal = (int(word) * tick_s for word in words[1:9])
        busy_s, stolen_s = user + nice + system + irq + softirq, steal
    return _Clock(
        at_s=time.monotonic(),
        busy_s=busy_s,
        stolen_s=stolen_s,
        own_s=own.user + own.system + own.children_user + own.children_system,
    )
