"""A clean stop on Ctrl-C (SIGINT) and a service manager's SIGTERM; another model on SIGHUP."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def stop_requested() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether a stop was asked for since the block was entered.

    A second Ctrl-C raises KeyboardInterrupt, for whoever will not wait. Only the main thread can
    enter the block; the handlers from before come back afterwards.
    """
    asked = threading.Event()

    def handle(number: int, _: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
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
    asked = threading.Event()

    def take() -> bool:
        if not asked.is_set():
            return False
        asked.clear()
        return True

    before = signal.signal(signal.SIGHUP, lambda *_: asked.set())
    try:
        yield take
    finally:
        signal.signal(signal.SIGHUP, before)


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal; a service has none."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
