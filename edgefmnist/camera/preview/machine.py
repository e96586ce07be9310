"""The temperature of this machine, and whether it slows down for it."""

from __future__ import annotations

import dataclasses
import threading

from edgefmnist.environment.judging import throttling_names
from edgefmnist.environment.reading import temperature_c, throttling_bits
from edgefmnist.environment.source import Source

_EVERY_S = 5.0
_THROTTLED_EVERY = 12  # looks: on a Raspberry Pi each starts a process


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One look. throttled: such as "under-voltage"; empty: it is not; None where not told."""

    temperature_c: float | None = None
    throttled: str | None = None


class Watch:
    """Looks at a machine now and then, in a thread of its own: a tool that hangs holds up nobody.

    now: the newest look.
    """

    def __init__(self, source: Source | None = None) -> None:
        """Begin to look, by default at this machine."""
        self.now = Machine()
        self._source = source or Source()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="machine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more; a look under way ends by itself."""
        self._over.set()

    def _look_on(self) -> None:
        told, look = None, 0
        while True:
            if look % _THROTTLED_EVERY == 0:
                bits, _ = throttling_bits(self._source)
                told = None if bits is None else ", ".join(throttling_names(bits))
            self.now = Machine(temperature_c=temperature_c(self._source), throttled=told)
            look += 1
            if self._over.wait(_EVERY_S):
                return
