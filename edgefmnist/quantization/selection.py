"""Choosing among variants by measurement, and saying why.

What cannot be told apart is a tie, and a tie goes to the next criterion:

latency    the interval of the ratio in one round lies wholly over 1: the variants take turns, so
           that a round is slow for all of them or for none (`ratio_interval`)
size       more than 1 % smaller: less is metadata
accuracy   the 95 % interval of the difference on the same pictures excludes zero
           (`edgefmnist.quantization.paired`)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from edgefmnist.errors import GateRefused
from edgefmnist.quantization import paired
from edgefmnist.quantization.records import VARIANTS, Goal, VariantRow

_SAME_SIZE = 1.01
_CHANCE = 0.05
_AS_FAST = 1.05
"""Most by which two times may differ, all of the interval, to count as equal."""
LOOKS = 6
"""At most so often is a measurement judged, and made longer where it is not clear."""


class _Criterion(Protocol):
    def cost(self, one: VariantRow) -> float:
        """What to make small."""

    def differ(self, best: VariantRow, other: VariantRow) -> bool:
        """Whether `other`, of no smaller cost, is really worse than `best`."""

    def clear(self, best: VariantRow, runner_up: VariantRow) -> str:
        """Why `best`, in words that follow "VARIANT is"."""

    def tied(self, pool: Sequence[VariantRow]) -> str:
        """What those in `pool` have in common, in words that follow "A and B are"."""


def ratio_interval(best: VariantRow, other: VariantRow) -> tuple[float, float]:
    """Interval for the median over rounds of the time of `other` in one of `best`.

    The k-th smallest and k-th largest ratio of all rounds that both were timed in, k so that
    chance leaves the median out in at most 5 of 100 cases over all looks at a measurement that is
    made longer (Bonferroni). Free of assumptions on the noise: Conover 1999, "Practical
    Nonparametric Statistics", section 3.2. Where there are too few rounds it is 0 to infinity.
    """
    ratios = sorted(
        theirs / ours for ours, theirs in zip(best.windows_us, other.windows_us, strict=False)
    )
    count, outside, k = len(ratios), 0.0, 0
    while k < count // 2:
        outside += 2 * math.comb(count, k) / 2**count
        if outside > _CHANCE / LOOKS:
            break
        k += 1
    return (ratios[k - 1], ratios[-k]) if k else (0.0, math.inf)


def undecided(rows: Sequence[VariantRow]) -> list[VariantRow]:
    """The fastest of those that pass the gate, and those of which it is not clear yet whether they
    are slower or as fast; empty where that is clear of all.
    """
    pool = sorted((row for row in rows if row.refused is None), key=lambda row: row.p50_us)
    unclear = []
    for other in pool[1:]:
        low, high = ratio_interval(pool[0], other)
        if low <= 1 and not (low >= 1 / _AS_FAST and high <= _AS_FAST):
            unclear.append(other)
    return [pool[0], *unclear] if unclear else []


class _Latency:
    def cost(self, one: VariantRow) -> float:
        return one.p50_us

    def differ(self, best: VariantRow, other: VariantRow) -> bool:
        return ratio_interval(best, other)[0] > 1

    def clear(self, best: VariantRow, runner_up: VariantRow) -> str:
        ratio = runner_up.p50_us / best.p50_us
        low, high = ratio_interval(best, runner_up)
        return (
            f"the fastest here at {best.p50_us:,.0f} µs: {runner_up.variant} takes "
            f"{runner_up.p50_us:,.0f} µs, {ratio:.2f} times as long (interval {low:.2f} to "
            f"{high:.2f})"
        )

    def tied(self, pool: Sequence[VariantRow]) -> str:
        shown = _listed([f"{one.p50_us:,.0f}" for one in pool])
        return f"equally fast within the noise ({shown} µs)"


class _Size:
    def cost(self, one: VariantRow) -> float:
        return one.size_bytes

    def differ(self, best: VariantRow, other: VariantRow) -> bool:
        return other.size_bytes > _SAME_SIZE * best.size_bytes

    def clear(self, best: VariantRow, runner_up: VariantRow) -> str:
        ratio = runner_up.size_bytes / best.size_bytes
        return (
            f"the smallest at {best.size_bytes / 1024:,.0f} KiB: {runner_up.variant} has "
            f"{runner_up.size_bytes / 1024:,.0f} KiB, {ratio:.2f} times as much"
        )

    def tied(self, pool: Sequence[VariantRow]) -> str:
        shown = _listed([f"{one.size_bytes / 1024:,.1f}" for one in pool])
        return f"equally small within 1 % ({shown} KiB)"


class _Accuracy:
    def cost(self, one: VariantRow) -> float:
        return -float(one.right.mean())

    def differ(self, best: VariantRow, other: VariantRow) -> bool:
        return self._interval(best, other)[0] > 0

    def clear(self, best: VariantRow, runner_up: VariantRow) -> str:
        more = 100 * (best.right.mean() - runner_up.right.mean())
        low, high = (100 * end for end in self._interval(best, runner_up))
        return (
            f"the most accurate at {best.right.mean():.2%} of {len(best.right):,} validation "
            f"pictures: {more:.2f} points more than {runner_up.variant} "
            f"(95 % interval {low:.2f} to {high:.2f})"
        )

    def tied(self, pool: Sequence[VariantRow]) -> str:
        shown = _listed([f"{one.right.mean():.2%}" for one in pool])
        return (
            f"equally accurate within chance ({shown} of {len(pool[0].right):,} validation "
            "pictures)"
        )

    def _interval(self, best: VariantRow, other: VariantRow) -> tuple[float, float]:
        only_best = int((best.right & ~other.right).sum())
        only_other = int((other.right & ~best.right).sum())
        return paired.drop_interval(only_best, only_other, len(best.right))


_ORDER: dict[Goal, tuple[_Criterion, ...]] = {
    "fastest": (_Latency(), _Size(), _Accuracy()),
    "smallest": (_Size(), _Latency(), _Accuracy()),
    "most-accurate": (_Accuracy(), _Latency(), _Size()),
}


def choose(rows: Sequence[VariantRow], goal: Goal) -> tuple[VariantRow, str]:
    """The best of `rows` for `goal`, and why, in a sentence.

    rows: one at least passes the gate; the others are ruled out.
    Raises: GateRefused where `fastest` is asked for and the latencies do not tell which that is.
    """
    if goal == "fastest" and (unclear := undecided(rows)):
        raise GateRefused(_unclear(unclear))
    pool = [row for row in rows if row.refused is None]
    told = []
    if len(pool) == 1:
        told.append(f"{pool[0].variant} is the only variant that passes the gate")
    for criterion in _ORDER[goal]:
        if len(pool) == 1:
            break
        pool.sort(key=criterion.cost)
        best, *others = pool
        pool = [best, *(other for other in others if not criterion.differ(best, other))]
        if len(pool) == 1:
            told.append(f"{best.variant} is {criterion.clear(best, others[0])}")
        else:
            told.append(f"{_listed([one.variant for one in pool])} are {criterion.tied(pool)}")
    best = min(pool, key=lambda one: VARIANTS.index(one.variant))
    if len(pool) > 1:
        told.append(f"nothing tells them apart and {best.variant} is taken")
    out = [f"{row.variant} ({row.refused})" for row in rows if row.refused is not None]
    ruled_out = f"; ruled out by the gate: {_listed(out)}" if out else ""
    return best, f"{'; of these '.join(told)}{ruled_out}."


def _unclear(rows: Sequence[VariantRow]) -> str:
    best, *others = rows
    told = [
        f"{other.variant} takes {low:.2f} to {high:.2f} times as long in "
        f"{min(len(best.windows_us), len(other.windows_us))} rounds"
        for other in others
        for low, high in [ratio_interval(best, other)]
    ]
    return (
        f"which variant is fastest here is not clear, no bundle was written: beside {best.variant} "
        f"at {best.p50_us:,.0f} µs {_listed(told)}"
    )


def _listed(words: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
