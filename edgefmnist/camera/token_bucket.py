"""A token bucket: so many at once, and one more in so long (RFC 2697 meters traffic by two)."""

from __future__ import annotations

import math


class TokenBucket:
    """Begins full. No clock of its own: whoever asks says what time it is, by one that never steps.

    size: most that it holds. refill_s: seconds until one more is there.
    """

    def __init__(self, size: int, refill_s: float, now_s: float = -math.inf) -> None:
        """now_s: from when on what is taken comes back; may be left out where nothing is yet."""
        self._size, self._refill_s = size, refill_s
        self._left = float(size)
        self._at_s = now_s

    def left(self, now_s: float) -> float:
        """How many are there, a part of the next included."""
        self._left = min(self._size, self._left + (now_s - self._at_s) / self._refill_s)
        self._at_s = now_s
        return self._left

    def take(self) -> None:
        """One less, whether or not it is there."""
        self._left -= 1
