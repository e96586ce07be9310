"""A clean stop on Ctrl-C (SIGINT) and a service manager's SIGTERM; another model on SIGHUP."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from edgefmnist.quiet import lead_nowhere

_PATIENCE_S = 1.0
_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


class _Asked:
    """Whether a signal came.

    A plain attribute: one signal may come while another is handled, and a lock, such as that of
    `threading.Event`, would then be waited for by the thread that has it.
    """

    def __init__(self) -> None:
        self.yet = False


@contextlib.contextmanager
def stop_requested() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether a stop was asked for since the block was entered.

    A second Ctrl-C raises KeyboardInterrupt, for whoever will not wait. Only the main thread can
    enter the block; the handlers from before come back afterwards.
    """
    asked = _Asked()

    def handle(number: int, _: FrameType | None) -> None:
        if asked.yet and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.yet = True
        _leave_stuck_outputs()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked.yet
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def reload_requested() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells, once for each time, that SIGHUP asked for another model.

    A process that belongs to a terminal gets SIGHUP when that is closed, and ends as ever: there
    the function always says no. Otherwise as `stop_requested`.
    """
    if _has_terminal():
        yield lambda: False
        return
    asked = _Asked()

    def take() -> bool:
        if not asked.yet:
            return False
        asked.yet = False
        return True

    def handle(_: int, __: FrameType | None) -> None:
        asked.yet = True

    before = signal.signal(signal.SIGHUP, handle)
    try:
        yield take
    finally:
        signal.signal(signal.SIGHUP, before)


def _leave_stuck_outputs() -> None:
    """Let what is written to a full pipe that nobody reads go nowhere.

    Else a write that waits there, which Python takes up again after each signal, would never end.
    """
    stuck = []
    for descriptor in (_STANDARD_OUTPUT, _STANDARD_ERROR):
        with contextlib.suppress(OSError):  # a closed one
            if not select.select([], [descriptor], [], _PATIENCE_S)[1]:
                stuck.append(os.fstat(descriptor))
    if not stuck:
        return
    for entry in Path("/proc/self/fd").iterdir():  # there may be copies
        with contextlib.suppress(OSError):
            if any(os.path.samestat(os.fstat(int(entry.name)), one) for one in stuck):
                lead_nowhere(int(entry.name))


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal; a service has none."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
