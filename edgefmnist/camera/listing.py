"""Which cameras this machine has, and how each is named for ``--source``."""

from __future__ import annotations

import dataclasses

from edgefmnist.camera.sources import picamera2, rpicam, v4l2_device, v4l2_identity
from edgefmnist.camera.sources.v4l2 import PERMISSION_MEND


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FoundCamera:
    """A camera that is there.

    source: the word for ``--source``. name: what it calls itself. through: what drives it.
    sizes: by format (a four-character code, or ``sensor`` for what the sensor has), each
    ``640x480`` or ``16x16 to 1920x1080``. trouble: why it cannot be opened now and what to do;
    empty where nothing is known against it.
    """

    source: str
    name: str
    through: str
    sizes: dict[str, tuple[str, ...]]
    trouble: str = ""


def list_sources() -> list[FoundCamera]:
    """Every camera of this machine in the order in which ``auto`` looks for one."""
    found = [
        FoundCamera(
            source=_numbered("rpicam", one.number),
            name=one.sensor,
            through="rpicam-vid",
            sizes={"sensor": one.sizes},
        )
        for one in rpicam.list_cameras()
    ]
    found += [
        FoundCamera(
            source=_numbered("picamera2", number), name=model, through="picamera2", sizes={}
        )
        for number, model in picamera2.list_cameras()
    ]
    devices = (_v4l2(number) for number in v4l2_device.numbers())
    return found + [one for one in devices if one is not None]


def _numbered(word: str, number: int) -> str:
    return f"{word}:{number}" if number else word


def _v4l2(number: int) -> FoundCamera | None:
    source = f"/dev/video{number}"
    try:
        with v4l2_device.opened(number) as handle:
            about = v4l2_device.capability(handle)
            if about is None or not about.is_camera:
                return None
            return FoundCamera(
                source=source,
                name=about.card,
                through=about.driver,
                sizes=v4l2_device.offers(handle),
                trouble=_BUSY.format(source) if v4l2_device.is_busy(handle) else "",
            )
    except PermissionError:
        if v4l2_identity.is_second_stream(number):
            return None
        trouble = f"no permission: {PERMISSION_MEND}"
    except OSError as error:
        trouble = f"does not open: {error.strerror}"
    return FoundCamera(source=source, name="", through="V4L2", sizes={}, trouble=trouble)


_BUSY = "busy: 'fuser -v {}' shows the program that has it"
