"""Work that a sink must not wait for: a thread behind a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Worker(Generic[Item]):
    """Does `work` on each item, in a thread of its own and in order.

    error: the OSError of the newest item, None where that went well. dropped: items that found
    the queue full, or were left when there was no more time.
    """

    def __init__(self, work: Callable[[Item], None], waiting: int, name: str) -> None:
        """Start the thread. waiting: items that the queue holds at most."""
        self.error: OSError | None = None
        self.dropped = 0
        self._work = work
        self._queue: queue.Queue[Item | None] = queue.Queue(waiting)
        # A daemon, because a write stuck in a dead disk must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def give(self, item: Item) -> bool:
        """Hand `item` over, or drop it where too much waits already; never waits.

        Returns whether it was handed over.
        """
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def close(self, timeout_s: float) -> None:
        """Finish what waits, or leave it after `timeout_s`."""
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            pass
        else:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.dropped += self._queue.qsize()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._work(item)
            except OSError as error:
                self.error = error
            else:
                self.error = None
