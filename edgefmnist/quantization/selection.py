"""Choosing among variants by measurement, and saying why.

What cannot be told apart is a tie, and a tie goes to the next criterion:

latency    faster in nearly every window, so many that chance does it in at most 5 of 100 (two-sided
           sign test; all of 6 windows, 8 of 9): the variants take turns, so that a window is slow
           for all of them or for none
size       more than 1 % smaller: less is metadata
accuracy   the 95 % interval of the difference on the same pictures excludes zero
           (`edgefmnist.quantization.paired`)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from edgefmnist.quantization import paired
from edgefmnist.quantization.records import VARIANTS, Goal, VariantRow

_SAME_SIZE = 1.01
_CHANCE = 0.05


class _Criterion(Protocol):
    def cost(self, one: VariantRow) -> float:
        """What to make small."""

    def differ(self, best: VariantRow, other: VariantRow) -> bool:
        """Whether `other`, of no smaller cost, is really worse than `best`."""

    def clear(self, best: VariantRow, runner_up: VariantRow) -> str:
        """Why `best`, in words that follow "VARIANT is"."""

    def tied(self, pool: Sequence[VariantRow]) -> str:
        """What those in `pool` have in common, in words that follow "A and B are"."""


class _Latency:
    def cost(self, one: VariantRow) -> float:
        return one.p50_us

    def differ(self, best: VariantRow, other: VariantRow) -> bool:
        windows = zip(best.windows_us, other.windows_us, strict=True)
        slower = sum(ours >= theirs for ours, theirs in windows)
        count = len(best.windows_us)
        by_chance: float = 2 * sum(math.comb(count, k) for k in range(slower + 1)) / 2**count
        return by_chance <= _CHANCE

    def clear(self, best: VariantRow, runner_up: VariantRow) -> str:
        ratio = runner_up.p50_us / best.p50_us
        return (
            f"the fastest here at {best.p50_us:,.0f} µs: {runner_up.variant} takes "
            f"{runner_up.p50_us:,.0f} µs, {ratio:.2f} times as long"
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
    """
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


def _listed(words: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
