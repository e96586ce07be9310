"""Where the loop leaves what is to be shown, and what can be said of the camera from it."""

from __future__ import annotations

import bisect
import dataclasses
import time

from edgefmnist.camera.events import CameraEvent, Fault, State, Status
from edgefmnist.records import ModelInUse

BUCKETS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5),
)
"""Upper bounds of a `Durations`: from inference on a PC to a camera that lags."""

_LATE_S = (5.0, 60.0)
_LATE_FRAMES = 3


class Durations:
    """How long something took, counted in buckets.

    counts: int of each bucket of `BUCKETS_S` and of all above it. total_ns: their sum.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        self.total_ns = 0

    def add(self, duration_ns: int) -> None:
        """Count one."""
        # A clock that stepped can make a negative one, and a sum that shrinks is read as a restart.
        duration_ns = max(duration_ns, 0)
        self.counts[bisect.bisect_left(BUCKETS_S, duration_ns / 1e9)] += 1
        self.total_ns += duration_ns


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the camera is as a viewer should be told, which may be worse than its own `Status`.

    for_s: how long it has been so. frame_age_s: since a frame was last classified; None: never.
    """

    state: State
    fault: Fault
    detail: str
    for_s: float
    frame_age_s: float | None

    @property
    def live(self) -> bool:
        """Whether the newest event shows what is before the camera now."""
        return self.state is State.LIVE


class Board:
    """The newest event and status, and counts of the run.

    One thread writes, another reads, and neither ever waits: each value is one reference or one
    number, and a reader may see two of them a frame apart.
    """

    def __init__(self, *, source: str, model: ModelInUse, labelling: bool = False) -> None:
        """An empty board of a run that begins now. labelling: whether frames can be labelled."""
        self.source = source
        self._first_model = model
        self.labelling = labelling
        self.started_ns = time.monotonic_ns()
        self.status: Status | None = None
        self.classified = 0
        self.dropped = 0
        self.restarts = 0
        self.stages = {name: Durations() for name in ("capture", "preprocess", "infer")}
        self._seen: tuple[CameraEvent, int] | None = None

    @property
    def event(self) -> CameraEvent | None:
        """The newest event."""
        return self._seen[0] if self._seen else None

    @property
    def model(self) -> ModelInUse:
        """The model that answered the newest event; before the first, the one that will."""
        return self._seen[0].model if self._seen else self._first_model

    def put_event(self, event: CameraEvent) -> None:
        """Replace the newest event, and count it."""
        # When it came, and not `captured_ns`: the demo's frames carry the time of their scene.
        self._seen = event, time.monotonic_ns()
        self.classified += 1
        self.dropped = max(self.dropped, event.dropped)
        self.stages["capture"].add(event.capture_ns)
        self.stages["preprocess"].add(event.preprocess_ns)
        if event.picture is not None:  # else nothing was there to infer from
            self.stages["infer"].add(event.infer_ns)

    def put_status(self, status: Status) -> None:
        """Replace the newest status."""
        self.status = status
        self.restarts = max(self.restarts, status.restarts)

    def health(self) -> Health:
        """How the camera is now.

        A status says LIVE for as long as nobody says otherwise. If the loop itself hangs nobody
        will, so without a frame for five seconds, or three times as long as frames take, LIVE
        counts as stale; before the first frame it counts as starting.
        """
        now_ns, status, seen = time.monotonic_ns(), self.status, self._seen
        age_ns = None if seen is None else now_ns - seen[1]
        if status is None:
            status = Status(state=State.STARTING, since_ns=self.started_ns)
        state, detail, since_ns = status.state, status.detail, status.since_ns
        if state is State.LIVE:
            waited_ns = now_ns - max(since_ns, seen[1] if seen else 0)
            if waited_ns > _patience_ns(seen[0] if seen else None):
                state, since_ns = State.STALE, now_ns - waited_ns
                detail = "no frame was classified: the loop hangs"
            elif age_ns is None:
                state = State.STARTING
        return Health(
            state=state,
            fault=status.fault,
            detail=detail,
            for_s=max(0, now_ns - since_ns) / 1e9,
            frame_age_s=None if age_ns is None else age_ns / 1e9,
        )


def _patience_ns(event: CameraEvent | None) -> float:
    """How long after a frame the next may take; `fps` is low too after an hour without frames."""
    least, most = _LATE_S
    if event is None or event.fps <= 0:
        return least * 1e9
    return min(max(least, _LATE_FRAMES / event.fps), most) * 1e9
