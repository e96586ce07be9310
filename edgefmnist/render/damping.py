"""Which changes of a camera's state are worth a line, so that no journal fills up."""

from __future__ import annotations

import re
import time

from edgefmnist.camera.events import Status
from edgefmnist.camera.token_bucket import TokenBucket

_BURST = 20
_REFILL_S = 300.0
_REMIND_S = 3600.0


class Damped:
    """Lines on what ails a camera, each once.

    What was said since the camera was last live is said again after an hour, not before. Of a
    camera that comes and goes there are 20 lines, and then one every five minutes, with the number
    of changes in between.
    """

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._ailing = False
        self._said: dict[tuple[str, str], float] = {}  # when, by state and words without numbers
        self._bucket = TokenBucket(_BURST, _REFILL_S, time.monotonic())
        self._missed = 0

    def line(self, status: Status) -> str:
        """What to say of a change; may be empty."""
        recovered, self._ailing = self._ailing and not status.fault, bool(status.fault)
        if not (status.fault or recovered):
            return ""
        now = time.monotonic()
        self._said = {key: at for key, at in self._said.items() if now - at < _REMIND_S}
        key = status.state.value, re.sub(r"[0-9]+", "0", status.detail)
        if recovered:
            self._said = {}
        elif key in self._said:
            return ""
        if self._bucket.left(now) < 1:
            self._missed += 1
            return ""
        self._bucket.take()
        if status.fault:
            self._said[key] = now
        missed, self._missed = self._missed, 0
        more = f" ({missed:,} changes since the last line)" if missed else ""
        return f"camera {status.state.value} {status.detail}{more}".rstrip()
