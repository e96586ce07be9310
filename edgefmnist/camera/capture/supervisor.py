"""Keeps a camera running: starts its process, watches it, kills it and starts it again."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from edgefmnist.camera.capture.messages import (
    Answer,
    Ended,
    Failed,
    Given,
    Nothing,
    Opened,
    PassedOver,
)
from edgefmnist.camera.capture.pixels import Pixels
from edgefmnist.camera.capture.process import CaptureProcess
from edgefmnist.camera.capture.watchdog import SECOND_NS, STALE_NS, Backoff, Pace, Watchdog
from edgefmnist.camera.events import Fault, State, Status
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.camera.source import SourceConfig, is_endless, name_of
from edgefmnist.camera.sources import v4l2_device
from edgefmnist.errors import BadPicture, CameraUnavailable
from edgefmnist.records import Frame

_WAIT_NS = SECOND_NS // 5
_SETTLE_NS = SECOND_NS // 2  # until udev has given a new device its group
_WORDS: dict[Fault, str] = {
    "no-frame": "no new frame came",
    "frozen": "the same picture came again and again",
    "damaged": "only damaged pictures came: packets get lost, or keyframes are far apart",
    "black": "the picture is black (lens covered, no light?)",
    "uniform": "the picture shows one colour only",
}


class Supervisor:
    """The one implementation of `Capture`.

    Its states: starting, live, stale, restarting, then live or stale again; failed at the end.
    `take` comes back at each change, so that whoever looks at `status` in between sees all.
    """

    def __init__(
        self,
        config: SourceConfig,
        give_up_after_s: float | None,
        on_note: OnNote | None = None,
        *,
        waits: bool = False,
    ) -> None:
        """Start to capture; see `open_capture`."""
        self.unreadable = 0
        self._on_note = on_note
        self.name = name_of(config)
        self.live = False
        self.ended = False
        self.opened = False
        self._config = config
        self._give_up_ns = None if give_up_after_s is None else int(give_up_after_s * SECOND_NS)
        self._waits = waits or give_up_after_s is not None
        self._backoff = Backoff()
        self._pace = Pace(int(SECOND_NS / config.fps) if config.fps else 0)
        self._gave = False  # any frame at all, good or not, in this run
        self._good_ns = _now_ns()  # when the last good frame came
        self._live_ns = self._good_ns  # and since when the camera was live then
        self._dropped = [0, 0]  # by earlier starts, by this one
        self._first_index = self._next_index = 0  # numbers go on where the last start was lost
        self._last: Pixels | None = None
        self._lingering: list[CaptureProcess] = []
        self._start_at_ns = 0
        self._devices: list[int] = []
        self._status = Status(state=State.STARTING, since_ns=_now_ns())
        self._process: CaptureProcess | None = None
        self._watchdog = self._start()

    @property
    def status(self) -> Status:
        """How the camera is now."""
        return self._status

    @property
    def dropped(self) -> int:
        """See `Capture`."""
        return sum(self._dropped)

    def take(self, timeout_s: float) -> tuple[Frame, int] | None:
        """See `Capture.take`."""
        until_ns = _now_ns() + int(timeout_s * SECOND_NS)
        before = self._status
        if before.state is State.STALE:
            self._end_process()
        while not self.ended and self._status is before:
            self._lose_patience()
            if self._process is None:
                self._start_when_due(until_ns)
            elif (taken := self._step(until_ns)) is not None:
                return taken
            if _now_ns() >= until_ns:
                break
        return None

    def wait_until_open(self, should_stop: Callable[[], bool]) -> None:
        """Wait until the source is open, or lost at once, or a stop is asked for.

        Raises: as `take`.
        """
        while self._status.state is State.STARTING and not (self.opened or should_stop()):
            self._lose_patience()
            self._step(_now_ns() + _WAIT_NS)

    def close(self) -> None:
        """See `Capture.close`."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _step(self, until_ns: int) -> tuple[Frame, int] | None:
        """Ask once, act on the answer, and look whether the camera is lost."""
        answer = self._answer(until_ns)
        now_ns = _now_ns()
        if isinstance(answer, Given):
            return self._frame(answer, now_ns)
        if isinstance(answer, Opened):
            self.name, self.live, self.opened = answer.name, answer.live, True
            if answer.camera:
                self._config = dataclasses.replace(self._config, camera=answer.camera)
            self._watchdog.opened(now_ns, live=answer.live)
        elif isinstance(answer, PassedOver):
            self._watchdog.good(now_ns)
            self.unreadable += answer.bad
            if self._on_note is not None:
                self._on_note(answer.note, bad=answer.bad)
        elif isinstance(answer, Ended):
            self.ended = True
        elif isinstance(answer, Failed):
            self._failed(answer)
            return None
        elif isinstance(answer, Nothing):
            self._dropped[1] = answer.dropped
            self._gave = self._gave or bool(answer.fault)
            self._watchdog.bad(answer.fault, now_ns)
            self._watchdog.due(answer.due_ns)
        verdict = self._watchdog.verdict(now_ns)
        if verdict:
            self._silent(verdict)
        return None

    def _answer(self, until_ns: int) -> Answer | None:
        assert self._process is not None
        try:
            if self._process.ask():
                self._watchdog.waiting(_now_ns())
            return self._process.answer((until_ns - _now_ns()) / SECOND_NS)
        except (OSError, EOFError):
            return Failed(
                error="CameraUnavailable" if self._may_restart() else "BadPicture",
                message=f"{self.name}: {self._process.how_it_ended()}",
            )

    def _frame(self, given: Given, now_ns: int) -> tuple[Frame, int] | None:
        """The frame, unless it became old while nobody asked, or is the one before the restart."""
        assert self._process is not None
        self._gave = True
        self._dropped[1] = given.dropped
        pixels = self._process.pixels(given)
        lost = self.live and self._status.state is not State.LIVE
        if lost and not given.proven_new and self._was_last(pixels):
            self._watchdog.bad("frozen", now_ns)
            self._dropped[0] += 1
            return None
        self._pace.frame(given.captured_ns, given.index)
        self._watchdog.good(now_ns)
        if self.live and now_ns - given.captured_ns > STALE_NS:
            self._dropped[0] += 1
            return None
        self._last = pixels
        if self._status.state is not State.LIVE:
            self._enter(State.LIVE)
            self._live_ns = now_ns
        self._good_ns = now_ns
        frame = Frame(
            pixels=pixels,
            captured_ns=given.captured_ns,
            index=self._first_index + given.index,
            name=given.name,
            true_label=given.true_label,
            proven_new=given.proven_new,
            full_size=given.full_size,
        )
        self._next_index = frame.index + 1
        return frame, now_ns - given.captured_ns if self.live else given.read_ns

    def _was_last(self, pixels: Pixels) -> bool:
        """Whether a camera that was started again still shows what it froze on."""
        return self._last is not None and np.array_equal(self._last, pixels)

    # A camera that is lost

    def _may_restart(self) -> bool:
        """Whether to begin anew loses nothing: a file would be read again from its start."""
        return self.live or not self.opened or is_endless(self._config)

    def _failed(self, failed: Failed) -> None:
        """The source raised: lose the camera, or raise where waiting would not help."""
        error = failed.exception()
        self._gave = self._gave or failed.gave
        # Whatever it is, a camera that ran is waited for: the words of the command were right then,
        # and what has come since is the camera's doing, or a defect of ours.
        ran = self._gave and self._may_restart()
        if not ran and not (self._waits and isinstance(error, CameraUnavailable)):
            raise error
        self._enter(State.STALE, "ended" if self.opened else "unavailable", failed.message)

    def _silent(self, fault: Fault) -> None:
        """The watchdog barked."""
        if not self._may_restart():
            raise BadPicture(f"{self.name}: the next frame does not come: is its disk there?")
        if fault == "no-frame" and not self._gave and not self._waits:
            raise CameraUnavailable(
                f"{self.name} gave no picture: look whether another program has the camera, and "
                "check its cable and power"
            )
        self._enter(State.STALE, fault, self._words(fault))

    def _words(self, fault: Fault) -> str:
        if fault == "no-frame" and self._watchdog.knows_no_pace:
            return f"{_WORDS[fault]} (a camera with few pictures needs --fps, such as --fps 0.02)"
        return _WORDS[fault]

    def _end_process(self) -> None:
        """From stale to restarting."""
        now_ns = _now_ns()
        if self._process is not None:
            self._process.kill()
            # One that hangs in the kernel is left behind; it ends when the kernel lets go of it.
            self._lingering = [one for one in (*self._lingering, self._process) if not one.gone()]
            self._process = None
        lived_ns = self._good_ns - self._live_ns
        self._live_ns = self._good_ns
        self._start_at_ns = now_ns + self._backoff.next_ns(lived_ns)
        self._devices = v4l2_device.numbers()
        self._enter(State.RESTARTING, self._status.fault, self._status.detail)

    def _start_when_due(self, until_ns: int) -> None:
        """Start again, or wait for that until `until_ns` at the longest."""
        wait_ns = min(self._start_at_ns, until_ns) - _now_ns()
        if wait_ns > 0:
            time.sleep(min(wait_ns, _WAIT_NS) / SECOND_NS)
        if (devices := v4l2_device.numbers()) != self._devices:  # plugged in again, perhaps
            self._devices, self._backoff = devices, Backoff()
            self._start_at_ns = min(self._start_at_ns, _now_ns() + _SETTLE_NS)
        if _now_ns() >= self._start_at_ns:
            self._dropped = [self.dropped, 0]
            self._first_index = self._next_index
            self._watchdog = self._start()

    def _start(self) -> Watchdog:
        self.opened = False
        try:
            self._process = CaptureProcess(self._config)
        except OSError as error:  # no memory, no processes, no descriptors left
            if not self._gave:
                raise CameraUnavailable(
                    f"no process for {self.name}: {error.strerror}; close other programs"
                ) from error
            self._start_at_ns = _now_ns() + self._backoff.next_ns(0)
        return Watchdog(_now_ns(), self._pace)

    def _lose_patience(self) -> None:
        """Give up where no good frame came for the time set. Raises: CameraUnavailable."""
        if self._give_up_ns is None:
            return
        patience_ns = max(self._give_up_ns, self._pace.allowed_ns)  # a slow camera is not lost
        if _now_ns() - self._good_ns < patience_ns:
            return
        if self._status.state is State.LIVE and (self._config.realtime or not self.live):
            return  # a slow file
        detail = self._status.detail or _WORDS["no-frame"]
        self._enter(State.FAILED, self._status.fault or "no-frame", detail)
        raise CameraUnavailable(
            f"{self.name} gave no good frame for {self._give_up_ns / SECOND_NS:g} s "
            f"(--give-up-after): {detail}"
        )

    def _enter(self, state: State, fault: Fault = "", detail: str = "") -> None:
        restarts = self._status.restarts + (state is State.RESTARTING)
        self._status = Status(
            state=state, fault=fault, detail=detail, since_ns=_now_ns(), restarts=restarts
        )


def _now_ns() -> int:
    """The clock of all processes and of `Frame.captured_ns`, which never steps."""
    return time.monotonic_ns()
