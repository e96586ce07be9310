"""A clean stop on Ctrl-C (SIGINT) and on a service manager's SIGTERM."""

from __future__ import annotations

import contextlib
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
