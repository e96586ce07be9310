"""The bounds, and whether they held."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchmarks.soak.run import SIZES, Run
from benchmarks.soak.watch import Sample

FRAMES = 200_000
SECONDS = 60
FPS = 30
WARM_UP = 10_000
"""Frames after which memory must stand still; a tenth of shorter runs."""

_AT_LEAST = 10
"""Readings at either end: of fewer, all may fall on a moment with a file or connection open."""

GROWTH_BYTES = 2_000_000
AGE_MS = 2 * 1000 / FPS
"""Two frame intervals."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One bound. asked, found: in words."""

    what: str
    asked: str
    found: str
    held: bool


def settled(run: Run) -> list[Sample]:
    """The samples after the warm-up, with everybody connected.

    Raises: ValueError where there are none.
    """
    warm_up = max(min(WARM_UP, run.frames // 10), run.connected_after)
    samples = [one for one in run.samples if one.frames >= warm_up]
    if not samples:
        raise ValueError(f"no sample after {warm_up} of {run.frames} frames")
    return samples


def growth_bytes(samples: Sequence[Sample]) -> dict[str, int]:
    """The median of the last end of `samples` less that of the first: of all, and of each.

    Medians of ends, because a single reading swings by what is in flight. Of each process too,
    because what one gives back would hide what another takes.
    """
    series = {"together": [one.rss_bytes for one in samples]}
    for name in names(samples):
        series[name] = [one.rss_of(name) for one in samples]
    ends = {what: _ends(values) for what, values in series.items()}
    return {what: int(np.median(last) - np.median(first)) for what, (first, last) in ends.items()}


def names(samples: Sequence[Sample]) -> list[str]:
    """Of all processes there were."""
    return list(dict.fromkeys(held.name for one in samples for held in one.processes.values()))


def peak_bytes(samples: Sequence[Sample]) -> int:
    """The highest reading less the first."""
    return max(one.rss_bytes for one in samples) - samples[0].rss_bytes


def judge_long(run: Run, frames: int) -> list[Verdict]:
    """Judge the run at full speed, of which `frames` were asked."""
    samples = settled(run)
    growth = growth_bytes(samples)
    files = _more([one.files for one in samples])
    processes = _more([len(one.processes) for one in samples])
    return [
        Verdict(
            what="frames classified",
            asked=f"{frames:,}, none dropped, exit code 0 on SIGTERM",
            found=f"{run.frames:,}, {run.dropped:,} dropped, exit code {run.exit_code}",
            held=run.frames >= frames and run.exit_code == 0 and run.dropped == 0,
        ),
        Verdict(
            what=f"resident memory after the first {min(WARM_UP, run.frames // 10):,} frames",
            asked=f"grows by at most {_mb(GROWTH_BYTES)}, together and in each process",
            found=", ".join(f"{what} {_mb(size)}" for what, size in growth.items())
            + f"; highest reading {_mb(peak_bytes(samples))} over the first",
            held=max(growth.values()) <= GROWTH_BYTES,
        ),
        Verdict(what="open files", asked="no more", found=f"{files:+}", held=files <= 0),
        Verdict(what="processes", asked="no more", found=f"{processes:+}", held=processes <= 0),
        *_common(run),
    ]


def judge_ages(run: Run) -> list[Verdict]:
    """Judge the run at 30 frames a second."""
    p99 = float(np.percentile(run.ages_ms, 99)) if run.ages_ms else float("inf")
    return [
        Verdict(
            what=f"age of a frame at its answer, {FPS} frames a second",
            asked=f"99 % under {AGE_MS:.1f} ms",
            found=f"99 % under {p99:.1f} ms",
            held=p99 < AGE_MS,
        ),
        *_common(run),
    ]


def _common(run: Run) -> list[Verdict]:
    restarts = run.states.count("restarting")
    silent = [what for what, count in run.received.items() if count == 0]
    silent += [option for option, size in run.written.items() if size == 0]
    over = [option for option, size in run.written.items() if size > SIZES[option]]
    return [
        Verdict(
            what="capture process", asked="never restarted", found=f"{restarts} restarts",
            held=restarts == 0,
        ),
        Verdict(
            what="processes left behind", asked="none", found=", ".join(run.left) or "none",
            held=not run.left,
        ),
        Verdict(
            what="outputs",
            asked="all work, files within their limits",
            found=_outputs(silent, over, run.failures),
            held=not (silent or over or run.failures),
        ),
    ]  # fmt: skip


def _outputs(silent: list[str], over: list[str], failures: list[str]) -> str:
    told = [f"{what}: nothing" for what in silent] + [f"{option}: over" for option in over]
    return "; ".join(told + failures) or "all do"


def _ends(values: list[int]) -> tuple[list[int], list[int]]:
    """The first and the last tenth: ten readings each, where there are twenty, or half of fewer."""
    size = max(1, len(values) // 10, min(_AT_LEAST, len(values) // 2))
    return values[:size], values[-size:]


def _more(values: list[int]) -> int:
    """What the least of the last end is over the least of the first.

    The least, because a connection or file may be open for a moment at any reading.
    """
    first, last = _ends(values)
    return min(last) - min(first)


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f} MB".replace("-0.00", "0.00")
