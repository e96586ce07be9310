"""A whole machine in QEMU: Debian's kernel and systemd on one emulated core, in a time of its own.

``-icount shift=0,sleep=on``: one instruction takes a nanosecond of the guest's time, and nothing of
it passes while the host is busy elsewhere. So the guest is a slow board of about 1 GHz on every
host, and its clock decides every deadline. Host time bounds a guest that hangs, and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import shlex
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import debian
from tests.machine.image import Image
from tests.machine.qmp import Monitor
from tests.machine.uvc import Model
from tests.machine.webcam import Webcam

WEBCAMS = 2  # sockets for so many
_NEEDS = "qemu-system-x86 qemu-utils"
_MEMORY = "1024M"
_COMMAND_LINE = (
    "root=/dev/vda ro console=ttyS0 quiet mitigations=off nokaslr systemd.show_status=false"
)
_HPET = 0xFED000F0  # its counter, of 10 ns
_HUNG_S = 1800.0  # of the host: a guest that says nothing for so long hangs


class GuestError(Exception):
    """The guest did not do what it should; str: what it said."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a command in the guest. Seconds are the guest's: since its start, and taken."""

    code: int
    out: str
    err: str
    uptime_s: float
    took_s: float


def new_disk(backing: Path, disk: Path) -> None:
    """Make `disk` (qcow2), which begins as `backing` (raw) is, and leaves that untouched."""
    words = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(backing), str(disk)]
    subprocess.run([debian.program("qemu-img", _NEEDS), *words], check=True)


class Guest:
    """One machine. Its state is in `folder`, whose path must be short: sockets lie there.

    disk: qcow2 with the root file system. extra: words for QEMU. append: for the kernel.
    """

    def __init__(
        self,
        image: Image,
        disk: Path,
        folder: Path,
        *,
        extra: tuple[str, ...] = (),
        append: str = "",
    ) -> None:
        """Not started."""
        self.image = image
        self.folder = folder
        self._disk = disk
        self._extra = extra
        self.append = append
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._monitor: Monitor | None = None
        self._clock: Monitor | None = None
        self._agent: socket.socket | None = None
        self._last_s = 0.0
        self.webcams: list[Webcam] = []

    # Power

    def start(self, snapshot: str = "", *, plugged: Sequence[Webcam] = ()) -> Answer:
        """Switch on, from the power-off state or from `snapshot`, and wait until it answers.

        plugged: webcams that are there from the beginning.
        """
        load = ["-loadvm", snapshot] if snapshot else []
        self._process = subprocess.Popen(
            [*self._words(), *self._extra, *load],
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "qemu.log").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait_for_sockets()
        self._monitor = Monitor(self._socket_path("monitor"))
        self._clock = Monitor(self._socket_path("clock"))
        self._agent = socket.socket(socket.AF_UNIX)
        self._agent.connect(str(self._socket_path("agent")))
        self._agent.settimeout(2.0)
        for one in plugged:
            one.plug()
        return self.run("true")

    def power_cut(self) -> None:
        """Take the power away: what was not flushed to disk is lost. Fine where it is off."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for one in (self._monitor, self._clock, self._agent):
            if one is not None:
                one.close()
        self._process = self._monitor = self._clock = self._agent = None

    def close(self) -> None:
        """Off, and no webcam left."""
        self.power_cut()
        for one in self.webcams:
            one.close()
        self.webcams.clear()

    def save(self, snapshot: str) -> None:
        """Keep the state of memory and disk in the disk. No webcam may be plugged in."""
        if words := self.monitor.human(f"savevm {snapshot}").strip():
            raise GuestError(words)

    @property
    def monitor(self) -> Monitor:
        """QEMU's monitor while the machine is on."""
        assert self._monitor is not None, "the machine is off"
        return self._monitor

    def clock(self) -> float:
        """Seconds of the guest's time since it was switched on, read from its HPET."""
        with contextlib.suppress(OSError, ValueError):  # it is switched off meanwhile
            if self._clock is not None:
                low, high = self._clock.human(f"xp /2wx {_HPET:#x}").split()[1:3]
                self._last_s = (int(low, 16) | int(high, 16) << 32) / 1e8
        return self._last_s

    def webcam(self, number: int = 0, model: Model | None = None) -> Webcam:
        """A new webcam for one of `WEBCAMS` ports, unplugged."""
        made = Webcam(self._socket_path(f"webcam{number}"), self.clock, model)
        self.webcams.append(made)
        return made

    # Commands

    def run(self, shell: str, timeout_s: float = 120.0) -> Answer:
        """Run a command of bash to its end or for `timeout_s` of the guest. Raises: GuestError."""
        return self._ask(shell, timeout_s, until=False)

    def check(self, shell: str, timeout_s: float = 120.0) -> str:
        """Run a command that must end with 0; its stdout. Raises: GuestError."""
        done = self.run(shell, timeout_s)
        if done.code:
            raise GuestError(f"{shell}: {done.code}\n{done.out}{done.err}")
        return done.out

    def until(self, shell: str, timeout_s: float) -> Answer:
        """Wait until a command ends with 0, for `timeout_s` of the guest.

        Raises: GuestError with the journal where it does not.
        """
        done = self._ask(shell, timeout_s, until=True)
        if done.code:
            raise GuestError(
                f"not within {timeout_s:g} s of the guest: {shell}\n{done.out}{done.err}\n"
                + self.run("journalctl -b --no-pager -o short-monotonic | tail -40").out
            )
        return done

    def python(self, script: str, *arguments: str, timeout_s: float = 120.0) -> Any:
        """What a script for the product's own Python prints as JSON. Raises: GuestError."""
        words = shlex.join(("/opt/edgefmnist/bin/python", "-c", script, *arguments))
        return json.loads(self.check(words, timeout_s))

    def _ask(self, shell: str, timeout_s: float, *, until: bool) -> Answer:
        number = next(self._numbers)
        asked = {"id": number, "shell": shell, "timeout_s": timeout_s, "until": until}
        assert self._agent is not None, "the machine is off"
        self._agent.sendall(json.dumps(asked).encode() + b"\n")
        waiting, limit = b"", time.monotonic() + _HUNG_S
        while True:
            try:
                data = self._agent.recv(1 << 16)
            except TimeoutError:
                data = None
            if data == b"" or self._process is None or self._process.poll() is not None:
                raise GuestError(f"QEMU ended: {(self.folder / 'qemu.log').read_text()}")
            if time.monotonic() > limit:
                raise GuestError(f"the guest hangs: {shell}")
            waiting += data or b""
            *lines, waiting = waiting.split(b"\n")
            for line in lines:
                told = json.loads(line)
                if told.pop("id") == number:
                    return Answer(**told)

    def _wait_for_sockets(self) -> None:
        """QEMU makes them one after the other when it starts."""
        assert self._process is not None
        path = self._socket_path("monitor")
        while True:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
                return
            if self._process.poll() is not None:
                raise GuestError(f"QEMU ended: {(self.folder / 'qemu.log').read_text()}")
            time.sleep(0.05)

    # What QEMU is started with

    def _socket_path(self, name: str) -> Path:
        return self.folder / name

    def _words(self) -> list[str]:
        sockets = ("agent", *(f"webcam{number}" for number in range(WEBCAMS)))
        words = [debian.program("qemu-system-x86_64", _NEEDS), "-nodefaults", "-display", "none"]
        words += ["-machine", "q35", "-cpu", "Nehalem", "-smp", "1", "-m", _MEMORY]
        words += ["-accel", "tcg", "-icount", "shift=0,sleep=on", "-rtc", "clock=vm"]
        words += ["-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd)]
        words += ["-append", f"{_COMMAND_LINE} {self.append}".strip()]
        words += ["-drive", f"id=root,if=none,format=qcow2,file={self._disk}"]
        words += ["-device", "virtio-blk-pci,drive=root"]
        words += ["-drive", f"id=product,if=none,format=raw,readonly=on,file={self.image.product}"]
        words += ["-device", "virtio-blk-pci,drive=product", "-device", "virtio-rng-pci"]
        words += ["-serial", f"file:{self.folder / 'serial.log'}"]
        for name in ("monitor", "clock"):
            words += ["-qmp", f"unix:{self._socket_path(name)},server=on,wait=off"]
        for name in sockets:
            path = self._socket_path(name)
            words += ["-chardev", f"socket,id={name},path={path},server=on,wait=off"]
        words += [
            "-device",
            "virtio-serial-pci",
            "-device",
            "virtserialport,chardev=agent,name=agent",
        ]
        words += ["-device", "qemu-xhci,id=xhci"]
        for name in sockets[1:]:
            words += ["-device", f"usb-redir,chardev={name},bus=xhci.0"]
        return words
