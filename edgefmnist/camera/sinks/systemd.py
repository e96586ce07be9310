"""What systemd is told of a service of ``Type=notify``; see sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time

from edgefmnist.camera.events import CameraEvent, State, Status
from edgefmnist.errors import UsageError, one_line

_BEATS = 12  # signs of life in one watchdog interval: how exactly it is kept
_STATUS_S = 5.0  # at most one line on frames in so long


class Systemd:
    """Tells systemd that the service is ready, alive, how it is and that it stops; a `Sink`.

    Ready means that the loop runs, with a camera or not yet: what waits for the service must not
    wait for somebody to plug one in. Alive is told only after a fresh frame was classified, so that
    systemd restarts a service which runs on and sees nothing, and at each try to open a camera that
    is not there: no restart brings it. Nothing here waits: what systemd cannot take at once is told
    at the next event instead.
    """

    name = "systemd"

    def __init__(self, address: str, watchdog_s: float | None, frame_s: float = 0.0) -> None:
        """Send to the datagram socket `address`. watchdog_s: its interval; None: there is none.

        frame_s: time between two frames where the user gave it. The interval is made longer for a
        camera that is slower than it allows.
        """
        self._address = address
        self._beat_s = None if watchdog_s is None else watchdog_s / _BEATS
        self._longer_s = None
        if watchdog_s is not None and _BEATS * frame_s > watchdog_s:
            self._longer_s = _BEATS * frame_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._ready = False
        self._trouble: OSError | None = None  # of the last message
        self._alive_s = self._told_s = float("-inf")

    def on_event(self, event: CameraEvent) -> None:
        """Tell that a frame was classified, and as what. Raises: OSError while none arrives."""
        now = time.monotonic()
        due = self._beat_s is not None and now - self._alive_s >= self._beat_s
        if due and self._send("WATCHDOG=1"):
            self._alive_s = now
        if now - self._told_s >= _STATUS_S:
            self._told_s = now
            self._tell(f"{State.LIVE.value}: {event.announced or '...'}, {event.fps:.1f} fps")
        if self._trouble is not None:  # also where nothing was due: it has not come back since
            raise self._trouble

    def on_status(self, status: Status) -> None:
        """Tell how the camera is, and the first time that the service is ready. Raises: OSError."""
        self._told_s = float("-inf")  # the next frame, which may come much later, is told at once
        self._tell(f"{status.state.value} {status.detail}")
        if status.fault == "unavailable" and self._beat_s is not None:
            self._send("WATCHDOG=1")

    def _tell(self, line: str) -> None:
        line = one_line(line)  # a second line would be another message to systemd
        if self._ready:
            self._send(f"STATUS={line}")
        else:
            longer = f"\nWATCHDOG_USEC={self._longer_s * 1e6:.0f}" if self._longer_s else ""
            self._ready = self._send(f"READY=1\nSTATUS={line}{longer}")

    def close(self) -> None:
        """Tell that the service stops. Raises: OSError."""
        try:
            self._send("STOPPING=1\nSTATUS=stopping")
        finally:
            self._socket.close()

    def _send(self, text: str) -> bool:
        """Send one message; whether systemd took it. Raises: OSError, never one of its children."""
        try:
            self._socket.sendto(text.encode(), self._address)
        except BlockingIOError:
            return False
        except OSError as error:  # a BrokenPipeError would read as: whoever reads stdout is gone
            self._trouble = OSError(f"systemd cannot be told at NOTIFY_SOCKET: {error}")
            raise self._trouble from error
        self._trouble = None
        return True


def open_systemd(frame_s: float = 0.0) -> Systemd:
    """The sink for the systemd that started this process, as its environment says.

    frame_s: see `Systemd`.

    Raises: UsageError where NOTIFY_SOCKET is none that systemd gives.
    """
    address = os.environ["NOTIFY_SOCKET"]
    if not address.startswith(("/", "@")):
        raise UsageError(f"NOTIFY_SOCKET={address} is no socket of systemd; unset it")
    if address.startswith("@"):  # the abstract namespace, of the kernel instead of the file system
        address = "\0" + address[1:]
    return Systemd(address, _watchdog_s(), frame_s)


def _watchdog_s() -> float | None:
    """The interval in which systemd wants a sign of life of this very process."""
    asked = os.environ.get("WATCHDOG_USEC", "")
    meant = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not asked.isdecimal() or int(asked) == 0 or meant != str(os.getpid()):
        return None
    return int(asked) / 1e6
