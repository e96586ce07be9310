"""Frames of a file or of the demo at the speed of a camera."""

from __future__ import annotations

import time

_MOST_LATE_S = 1.0


class Pace:
    """Says when each frame is due, counted from the first."""

    def __init__(self, fps: float) -> None:
        """`fps` frames a second from now on."""
        self._period_s = 1 / fps
        self._began = time.monotonic()

    def overdue(self, index: int) -> int:
        """How many frames, from `index` on, a camera would have lost by now."""
        return max(0, int(self._late_s(index) / self._period_s))

    def wait(self, index: int) -> None:
        """Sleep until frame `index` is due."""
        time.sleep(max(0.0, -self._late_s(index)))

    def _late_s(self, index: int) -> float:
        """Whoever is over a second late has stood still, and goes on from where it is."""
        late_s = time.monotonic() - self._began - index * self._period_s
        if late_s <= _MOST_LATE_S:
            return late_s
        self._began += late_s
        return 0.0
