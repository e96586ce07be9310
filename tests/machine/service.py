"""edgefmnist as a service in a guest, as its user sees it: page, journal, systemctl, files."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tests.machine.guest import Guest

OPTIONS = (
    *("--source", "/dev/video0", "--size", "320x240", "--fps", "5"),
    *("--preview", "127.0.0.1:8080", "--log", "camera.jsonl", "--save-uncertain", "frames"),
)
"""Small pictures at a few frames a second: the guest is slow."""

STATE = "/var/lib/private/edgefmnist"
LIVE_S = 36.0
"""Whatever is there again is live within so many seconds: the longest delay, and a start."""

_HEALTHZ = "curl -s -m 5 http://127.0.0.1:8080/healthz"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The service in `guest`."""

    guest: Guest

    def install(self, *options: str) -> None:
        """Write the unit, as README says."""
        words = " ".join(options or OPTIONS)
        self.guest.check(f"edgefmnist service install -- {words} && systemctl enable edgefmnist")

    def start(self) -> float:
        """Start it and wait until it is live; seconds that took."""
        begin_s = self.guest.run("true").uptime_s
        self.guest.check("systemctl start edgefmnist")
        self.until_live()
        return self.guest.run("true").uptime_s - begin_s

    def until_live(self, timeout_s: float = LIVE_S) -> float:
        """Wait until the page says 200, which is live; seconds that took. Raises: GuestError."""
        return self.guest.until(f"{_HEALTHZ} -f -o /dev/null", timeout_s).took_s

    def until_lost(self, timeout_s: float = 10.0) -> float:
        """Wait until the page says 503; seconds that took. Raises: GuestError."""
        asked = f"test $({_HEALTHZ} -o /dev/null -w '%{{http_code}}') = 503"
        return self.guest.until(asked, timeout_s).took_s

    def health(self) -> dict[str, Any]:
        """What ``/healthz`` answers, and its ``code``; empty where nobody answers."""
        out = self.guest.run(f"{_HEALTHZ} -w '\\n%{{http_code}}'").out
        body, _, code = out.strip().rpartition("\n")
        return json.loads(body) | {"code": int(code)} if body else {}

    def show(self, *names: str) -> dict[str, str]:
        """Properties of the unit."""
        words = " ".join(f"-p {name}" for name in names)
        lines = self.guest.check(f"systemctl show edgefmnist {words}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def pid(self) -> int:
        """Of the main process, which must be there."""
        found = int(self.show("MainPID")["MainPID"])
        assert found > 1, "the service has no main process"
        return found

    def capture_pid(self) -> int:
        """Of the capture process, which must be there."""
        return int(self.guest.check(f"pgrep -f '[c]apture[.]child' -P {self.pid()}").split()[0])

    def journal(self) -> list[str]:
        """Lines of the service since the boot."""
        return self.guest.check("journalctl -b -u edgefmnist -o cat --no-pager").splitlines()

    def processes(self) -> list[str]:
        """State and command of each process of the service or left by it."""
        listed = self.guest.check("ps -eo stat,args --no-headers").splitlines()
        words = ("/edgefmnist/bin/", "edgefmnist/children/", "<defunct>")
        return [line for line in listed if any(word in line for word in words)]

    def events(self) -> list[dict[str, Any]]:
        """Lines of the log, each of which must be whole; the last may still be written."""
        text = self.guest.check(f"cat {STATE}/camera.jsonl")
        return [json.loads(line) for line in text.split("\n")[:-1]]
