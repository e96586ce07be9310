"""The pictures of a running camera, one by one: bad ones are passed over, and counted."""

from __future__ import annotations

import time

from edgefmnist.camera.decoding.jpeg import Pixels, TooLarge, decode
from edgefmnist.camera.decoding.jpeg_structure import DamagedPicture
from edgefmnist.camera.decoding.limits import Limits

_START_S = 5.0  # for the first good picture
_RUNNING_S = 1.5  # for another: less than a watchdog waits, which would not know what is wrong


class LiveDecoder:
    """Decodes a camera's pictures as they come, and knows what was wrong with those refused."""

    def __init__(self, limits: Limits) -> None:
        """Nothing was seen yet."""
        self._limits = limits
        self._has_given = False
        self._bad_since_s = 0.0
        self._refused = 0  # since the last good one
        self._what = self._reason = ""  # of the last one

    def decode(self, data: bytes) -> Pixels | None:
        """The next picture, uint8 [height, width, 3]; None where it is damaged or too large."""
        try:
            pixels = decode(data, self._limits)
        except (DamagedPicture, TooLarge) as error:
            if not self._refused:
                self._bad_since_s = time.monotonic()
            self._refused += 1
            self._what = "too large" if isinstance(error, TooLarge) else "damaged"
            self._reason = str(error)
            return None
        self._has_given, self._refused = True, 0
        return pixels

    @property
    def complaint(self) -> str:
        """Words on a camera of which only bad pictures come; empty while it may recover."""
        patience_s: float = _RUNNING_S if self._has_given else _START_S
        if self._what == "too large":  # that will not pass by itself
            patience_s = 0
        if self._refused < 2 or time.monotonic() - self._bad_since_s < patience_s:
            return ""
        return (
            f"sends only {self._what} pictures ({self._refused} in a row, the last: {self._reason})"
        )
