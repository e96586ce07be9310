"""Which camera stands behind a /dev/videoN: plugged in again, it may get another number.

Read from sysfs and not from udev's links, which a container has not, and which of two cameras of
one kind without serial numbers name only one.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from edgefmnist.camera.sources import v4l2_device

SYSFS = Path("/sys/class/video4linux")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A USB camera. who: vendor, product, serial, name and stream; port: where it is plugged in."""

    who: tuple[str, ...]
    port: str

    @classmethod
    def of(cls, words: tuple[str, ...]) -> Identity:
        """From its `words`."""
        return cls(who=words[:-1], port=words[-1])

    @property
    def words(self) -> tuple[str, ...]:
        """All that is known, to be kept from one start of the capture process to the next."""
        return (*self.who, self.port)

    @property
    def name(self) -> str:
        """What it calls itself."""
        return self.who[3]


def identity(number: int) -> Identity | None:
    """The camera behind /dev/video`number`; None where it is no USB camera, or not there."""
    node = SYSFS / f"video{number}"
    try:
        device = (node / "device").resolve(strict=True).parent  # of the interface, as 1-1:1.0
        vendor, product = (_text(device / f"id{what}") for what in ("Vendor", "Product"))
    except OSError:
        return None
    if not vendor or not product:
        return None
    more = (_text(device / "serial"), _text(node / "name"), _text(node / "index"))
    return Identity(who=(vendor, product, *more), port=device.name)


def find(wanted: Identity) -> int | None:
    """Number of the device behind which `wanted` stands now, best at its port; None: it is away."""
    elsewhere = None
    for number in v4l2_device.numbers():
        found = identity(number)
        if found == wanted:
            return number
        if elsewhere is None and found is not None and found.who == wanted.who:
            elsewhere = number
    return elsewhere


def is_second_stream(number: int, sysfs: Path | None = None) -> bool:
    """Whether a device is another node of a camera that has one before it, such as its metadata."""
    return _text((sysfs or SYSFS) / f"video{number}" / "index") not in ("", "0")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
