"""When a camera counts as lost, and how long to wait before it is started again.

No clock of its own: whoever asks says what time it is, in nanoseconds of ``time.monotonic_ns()``.
"""

from __future__ import annotations

from edgefmnist.camera.events import Fault

SECOND_NS = 1_000_000_000
STALE_NS = 2 * SECOND_NS
"""Without a good frame for so long, a live camera is lost; a frame so old is not classified."""

DAMAGED_NS = 12 * SECOND_NS
"""For so long a stream may give only damaged frames: its next keyframe may be that far away."""

_START_NS = 20 * SECOND_NS  # until the first frame: a Pi camera may take 10 s, a stream 8
_FILE_NS = 30 * SECOND_NS  # for a file, which may be large, and its disk asleep
_DELAYS_S = (0, 1, 2, 4, 8, 16, 30)  # before each new start; the last one from then on
_STEADY_NS = 30 * SECOND_NS  # live for so long, a camera may begin again with the first delay


class Watchdog:
    """Watches one start of the camera."""

    def __init__(self, now_ns: int, frame_ns: int = 0) -> None:
        """Start to watch. frame_ns: time between frames where that was asked for."""
        # A camera that takes a frame every five seconds is not lost after two.
        self._live_ns = max(STALE_NS, 3 * frame_ns)
        self._limit_ns = max(_START_NS, self._live_ns)
        self._after_start_ns = self._live_ns
        self._waiting = True
        self._waiting_since_ns = now_ns
        self._fault: Fault = ""
        self._fault_since_ns = now_ns

    def opened(self, now_ns: int, *, live: bool) -> None:
        """The source is open; live: see `Source`."""
        self._after_start_ns = self._live_ns if live else _FILE_NS
        self._waiting_since_ns = now_ns

    def waiting(self, now_ns: int) -> None:
        """A frame is asked for. Time between a frame and the next question is the asker's own."""
        if not self._waiting:
            self._waiting, self._waiting_since_ns = True, now_ns

    def good(self, now_ns: int) -> None:
        """A good frame came."""
        self._limit_ns = self._after_start_ns
        self._fault = ""
        self._waiting = False

    def due(self, due_ns: int) -> None:
        """The source itself set the time of the frame that is asked for; see `source.Paced`."""
        self._waiting_since_ns = max(self._waiting_since_ns, due_ns)

    def bad(self, fault: Fault, now_ns: int) -> None:
        """The newest frame has a `fault`."""
        if fault and not self._fault:
            self._fault_since_ns = now_ns
        self._fault = fault

    def verdict(self, now_ns: int) -> Fault:
        """What ails the camera; empty where nothing does, or not yet."""
        patience_ns = DAMAGED_NS if self._fault == "damaged" else 0
        if self._fault and now_ns - self._fault_since_ns >= max(self._live_ns, patience_ns):
            return self._fault
        if not self._waiting or now_ns - self._waiting_since_ns < max(self._limit_ns, patience_ns):
            return ""
        return self._fault or "no-frame"


class Backoff:
    """How long to wait before each new start: not at first, then longer, at most half a minute."""

    def __init__(self) -> None:
        """Nothing failed yet."""
        self._failures = 0

    def next_ns(self, lived_ns: int) -> int:
        """The delay after a camera that was live for `lived_ns`, 0 where it never was."""
        if lived_ns >= _STEADY_NS:
            self._failures = 0
        delay = _DELAYS_S[min(self._failures, len(_DELAYS_S) - 1)]
        self._failures += 1
        return delay * SECOND_NS
