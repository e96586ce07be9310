"""Boards as the doctor sees them: files, tools, modules and permissions.

Values as on Raspberry Pi OS: models of ``/proc/device-tree/model``, the clock's bounds and the
governor of its kernels (ondemand), names of the V4L2 nodes of their drivers (bcm2835-unicam and
bcm2835-codec up to the Pi 4; rp1-cfe, pisp_be and rpi-hevc-dec on the Pi 5), the listing of
rpicam-apps (Raspberry Pi documentation, "rpicam-hello").
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edgefmnist.environment import Source
from tests.environment.machines import Machine, desktop

_LISTING = """\
Available cameras
-----------------
0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]
"""
NO_CAMERAS = "No cameras available!"
_OLD_NODES = {0: "unicam-image", 10: "bcm2835-codec-decode", 13: "bcm2835-isp-output0"}
_NEW_NODES = {0: "rp1-cfe-csi2_ch0", 19: "rpi-hevc-dec", 20: "pispbe-input"}
VIDEO_GROUP = 44  # Debian's, base-passwd


@dataclasses.dataclass
class Played:
    """A machine to be examined.

    tools: what they print, by name. broken: what importing a module raises. versions: of packages.
    closed: names below ``dev`` that this user may not open.
    """

    machine: Machine
    tools: dict[str, str] = dataclasses.field(default_factory=dict)
    broken: dict[str, Exception] = dataclasses.field(default_factory=dict)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    closed: set[str] = dataclasses.field(default_factory=set)
    free: int | None = 12_000_000_000
    python: tuple[int, int, int] = (3, 11, 2)
    bits: int = 64
    libc: str = "glibc 2.36"
    groups: frozenset[int] = frozenset({1000, VIDEO_GROUP})

    @property
    def source(self) -> Source:
        """The seam over all this."""
        return dataclasses.replace(
            self.machine.source,
            run=lambda words: self.tools.get(words[0]),
            load=self._load,
            version=lambda package: self.versions.get(package, ""),
            is_closed=lambda path: path.name in self.closed,
            free_bytes=lambda path: self.free,
            python=self.python,
            pointer_bits=self.bits,
            libc=self.libc,
            groups=self.groups,
        )

    def _load(self, module: str) -> Any:
        if module in self.broken:
            raise self.broken[module]
        return object()

    def node(self, number: int, name: str) -> None:
        """A /dev/videoN."""
        self.machine.write(f"dev/video{number}", "")
        self.machine.write(f"sys/class/video4linux/video{number}/name", name)


_PACKAGES = {
    "numpy": "2.4.6",
    "opencv-python-headless": "4.13.0.90",
    "ai-edge-litert": "2.3.0",
}
_PICAMERA2 = ModuleNotFoundError("No module named 'picamera2'")


def board(root: Path, model: str, part: str, mhz: int, megabytes: int) -> Played:
    """A Raspberry Pi in order, with a Camera Module 3, and edgefmnist in an environment."""
    machine = Machine(root)
    machine.write("proc/device-tree/model", f"Raspberry Pi {model}\0")
    machine.write("proc/cpuinfo", f"processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: {part}")
    total = megabytes * 1000
    machine.write("proc/meminfo", f"MemTotal: {total} kB\nMemAvailable:  {total * 2 // 3} kB")
    machine.write("etc/group", f"root:x:0:\nvideo:x:{VIDEO_GROUP}:pi\n")
    machine.governor("ondemand")
    machine.clock(mhz, mhz)
    machine.temperature(47.2)
    machine.firmware["get_throttled"] = "throttled=0x0"
    machine.write("dev/media0", "")
    service = "LoadState=not-found\nActiveState=inactive\nSubState=dead\nNRestarts=0"
    played = Played(
        machine,
        tools={"rpicam-hello": _LISTING, "systemctl": service},
        broken={"picamera2": _PICAMERA2},
        versions=dict(_PACKAGES),
    )
    for number, name in (_NEW_NODES if model.startswith("5") else _OLD_NODES).items():
        played.node(number, name)
    return played


def pi_3(root: Path) -> Played:
    """Cortex-A53, 1 GB."""
    return board(root, "3 Model B Plus Rev 1.3", "0xd03", 1400, 930)


def pi_4(root: Path) -> Played:
    """Cortex-A72, 4 GB."""
    return board(root, "4 Model B Rev 1.4", "0xd08", 1800, 3886)


def pi_5(root: Path) -> Played:
    """Cortex-A76, 8 GB, Trixie."""
    played = board(root, "5 Model B Rev 1.0", "0xd0b", 2400, 8256)
    played.python, played.libc = (3, 13, 5), "glibc 2.41"
    return played


def without_camera(root: Path) -> Played:
    """A Pi 4 with nothing at its ribbon connector."""
    played = pi_4(root)
    played.tools["rpicam-hello"] = NO_CAMERAS
    return played


def under_voltage(root: Path) -> Played:
    """A Pi 3 at a charger for telephones: low now, and throttled for it."""
    played = pi_3(root)
    played.machine.firmware["get_throttled"] = "throttled=0x50005"
    return played


def pc(root: Path) -> Played:
    """A plain PC: no camera, no Raspberry Pi tools."""
    played = Played(desktop(root), versions=dict(_PACKAGES))
    played.machine.write("proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 9000000 kB")
    played.tools["systemctl"] = "LoadState=not-found\nActiveState=inactive"
    return played
