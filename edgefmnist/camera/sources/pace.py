"""Frames of a file or of the demo at the speed of a camera."""

from __future__ import annotations

import time

_MOST_LATE_S = 1.0
_CUT_S = 60.0
_USUAL_S = 1 / 30


class Pace:
    """Says when each frame is due, by its own time, counted from the first.

    Pauses stay as they were filmed. A jump backwards, or by more than a minute, is a cut: what
    comes next is due as soon as the frames before it followed one another.
    """

    def __init__(self, *, cut_s: float = _CUT_S) -> None:
        """Nothing was shown yet. cut_s: the longest pause."""
        self._cut_s = cut_s
        self._shift_s: float | None = None  # from a frame's own time to time.monotonic()
        self._before_s = 0.0  # the frame before, by its own time
        self._usual_s = _USUAL_S
        self._is_cut = False

    def cut(self) -> None:
        """The next frame's own time has nothing to do with the one before it."""
        self._is_cut = True

    def due(self, own_s: float) -> float:
        """When the next frame is due, as ``time.monotonic()``; own_s: its own time in seconds."""
        now = time.monotonic()
        if self._shift_s is None:
            self._shift_s = now - own_s
        else:
            step_s = own_s - self._before_s
            if 0 <= step_s <= self._cut_s and not self._is_cut:
                self._usual_s = step_s or self._usual_s
            else:
                self._shift_s -= step_s - self._usual_s
        self._before_s, self._is_cut = own_s, False
        late_s = now - (own_s + self._shift_s)
        if late_s > _MOST_LATE_S:  # it stood still, and goes on from where it is
            self._shift_s += late_s
        return own_s + self._shift_s


def wait_until(due: float) -> None:
    """Sleep until `due`, a time of ``time.monotonic()``."""
    time.sleep(max(0.0, due - time.monotonic()))
