"""QEMU's monitor: one connection, one question at a time."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any


class MonitorError(Exception):
    """QEMU did not do what was asked; str: its words."""


class Monitor:
    """A connection to the QMP socket at `path`. Raises: OSError."""

    def __init__(self, path: Path) -> None:
        """Connect, and agree on the protocol."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rw")
        self._lock = threading.Lock()
        self._lines.readline()  # QEMU's greeting
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: object) -> Any:
        """What QEMU returns. Raises: MonitorError, OSError (QEMU is gone)."""
        with self._lock:
            self._lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self._lines.flush()
            while True:
                line = self._lines.readline()
                if not line:
                    raise ConnectionResetError("QEMU is gone")
                answer = json.loads(line)
                if "error" in answer:
                    raise MonitorError(f"{command}: {answer['error']['desc']}")
                if "return" in answer:  # else an event
                    return answer["return"]

    def human(self, line: str) -> str:
        """The words that the monitor for people says to `line`."""
        return str(self.ask("human-monitor-command", **{"command-line": line}))

    def close(self) -> None:
        """End the connection."""
        self._lines.close()
        self._socket.close()
