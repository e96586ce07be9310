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
_UNKNOWN_NS = 20 * SECOND_NS  # until the second frame, when nothing is known of the pace
_MOST_UNKNOWN_NS = 50 * SECOND_NS  # less than a service's WatchdogSec
_PERIODS = 3  # so many without a frame, and the camera is lost
_RECENT = 8  # intervals between frames that say what the pace is
_DELAYS_S = (0, 1, 2, 4, 8, 16, 30)  # before each new start; the last one from then on
_STEADY_NS = 30 * SECOND_NS  # live for so long, a camera may begin again with the first delay


class Pace:
    """How long a camera may take from one frame to the next, learned from the frames that came.

    A camera at 30 frames a second is lost after two seconds; one with a picture every five seconds
    is not. What was learned holds for one start: after a fault a camera may have another pace, as
    some have by night.
    """

    def __init__(self, frame_ns: int = 0) -> None:
        """frame_ns: time between frames where the user said or asked so; 0: not known."""
        self._asked_ns = frame_ns
        self._unknown_ns = _UNKNOWN_NS
        self._slowest_ns = frame_ns  # of all starts
        self._last: tuple[int, int] | None = None
        self._intervals: list[int] = []

    def start_again(self) -> None:
        """The camera is started: forget its pace. Where it had none, wait longer than last time."""
        if self._last is not None and not self._intervals:
            self._unknown_ns = min(2 * self._unknown_ns, _MOST_UNKNOWN_NS)
        self._last, self._intervals = None, []

    def frame(self, captured_ns: int, index: int) -> None:
        """Frame number `index` came: those in between were not handed over."""
        if self._last is not None and index > self._last[1]:
            interval_ns = (captured_ns - self._last[0]) // (index - self._last[1])
            self._intervals = [*self._intervals[1 - _RECENT :], interval_ns]
            self._slowest_ns = max(self._slowest_ns, self._typical_ns)
        self._last = captured_ns, index

    @property
    def is_known(self) -> bool:
        """Whether enough frames came to tell it."""
        return bool(self._intervals)

    @property
    def allowed_ns(self) -> int:
        """The longest time without a frame, by what is known."""
        return max(STALE_NS, _PERIODS * max(self._asked_ns, self._typical_ns))

    @property
    def gap_ns(self) -> int:
        """The longest time without a frame after the first, with patience where little is known."""
        return max(self.allowed_ns, 0 if self.is_known else self._unknown_ns)

    @property
    def start_ns(self) -> int:
        """The longest time until the first frame."""
        return max(_START_NS, _PERIODS * self._slowest_ns)

    @property
    def _typical_ns(self) -> int:
        """The longest but one: a hiccup does not make a camera slow, but some send in bursts."""
        return sorted(self._intervals)[-2:][0] if self._intervals else 0


class Watchdog:
    """Watches one start of the camera."""

    def __init__(self, now_ns: int, pace: Pace | None = None) -> None:
        """Start to watch. pace: of the camera, kept from start to start."""
        self._pace = pace or Pace()
        self._pace.start_again()
        self._is_file = self._has_given = False
        self._waiting = True
        self._waiting_since_ns = now_ns
        self._fault: Fault = ""
        self._fault_since_ns = now_ns

    @property
    def knows_no_pace(self) -> bool:
        """Whether too few frames came to tell how many there should be."""
        return self._has_given and not self._pace.is_known

    def opened(self, now_ns: int, *, live: bool) -> None:
        """The source is open; live: see `Source`."""
        self._is_file = not live
        self._waiting_since_ns = now_ns

    def waiting(self, now_ns: int) -> None:
        """A frame is asked for. Time between a frame and the next question is the asker's own."""
        if not self._waiting:
            self._waiting, self._waiting_since_ns = True, now_ns

    def good(self, now_ns: int) -> None:
        """A good frame came."""
        self._has_given = True
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
        shown_ns = max(self._pace.allowed_ns, patience_ns)
        if self._fault and now_ns - self._fault_since_ns >= shown_ns:
            return self._fault
        limit_ns = max(self._limit_ns(), patience_ns)
        if not self._waiting or now_ns - self._waiting_since_ns < limit_ns:
            return ""
        return self._fault or "no-frame"

    def _limit_ns(self) -> int:
        if not self._has_given:
            return self._pace.start_ns
        return _FILE_NS if self._is_file else self._pace.gap_ns


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
