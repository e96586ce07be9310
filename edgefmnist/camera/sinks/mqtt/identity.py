"""Names by which a broker and Home Assistant tell one camera from another, the same at every start.

Where characters must be replaced, a few digits of a hash keep two names apart that would become
one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
from pathlib import Path

from edgefmnist.camera.source import without_password

_FIRST_CAMERA = re.compile(r"auto|demo(:.*)?|(rpicam|picamera2)(:0)?|(/dev/video)?0")
_RUNS = 8  # of one camera on this machine at once that get an identity of their own


def default_topic(source: str) -> str:
    """``edgefmnist/HOST``, and for another source than the first camera ``edgefmnist/HOST-SOURCE``.

    source: as given with ``--source``. What it holds of secrets stays out, also out of the hash.
    """
    host = _name(socket.gethostname().partition(".")[0]) or "camera"
    if _FIRST_CAMERA.fullmatch(source):
        return f"edgefmnist/{host}"
    found = re.fullmatch(r"(rpicam|picamera2):(\d+)|(?:/dev/video)?(\d+)", source)
    if found is not None:
        return f"edgefmnist/{host}-" + (f"{found[1]}{found[2]}" if found[1] else f"video{found[3]}")
    if "://" in source:
        where = without_password(source).partition("://")[2]
    else:
        where = Path(source).name or "files"
    return f"edgefmnist/{host}-{_name(where)}"


def entity_prefix(topic: str) -> str:
    """`topic` in letters, digits, ``-`` and ``_`` for Home Assistant's identifiers.

    It begins with our name: other programs' devices may well be called as `topic` is.
    """
    plain = topic.replace("/", "_")
    if not topic.startswith("edgefmnist/"):
        plain = f"edgefmnist-{plain}"
    if re.fullmatch(r"[A-Za-z0-9/-]+", topic):  # nothing else becomes the same
        return plain
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', plain)}_{_digest(topic, 8)}"


class Session:
    """The client id of one run, which no other run on this machine has at the same time.

    It follows from the machine and `topic`. So after a power cut a broker takes the new connection
    for the old one's successor and speaks the old will before anything new, not a minute later. A
    second run with the same topic would throw the first out, and be thrown out: it gets another id,
    which follows from its `number`.
    """

    def __init__(self, where: str, topic: str) -> None:
        """Take the first free number, from 1 on. where: the broker, as HOST:PORT."""
        self.number = 1
        self._held: socket.socket | None = None
        while self.number <= _RUNS and not self._take(_digest(f"{where} {topic}", 16)):
            self.number += 1
        number = f" {self.number}" if self.number > 1 else ""
        # 23 characters: a broker of MQTT 3.1 takes no more.
        self.client_id = f"edgefmnist-{_digest(f'{_machine()} {topic}{number}', 12)}"

    def _take(self, name: str) -> bool:
        """Whether the number is ours now. The kernel frees a name when its process ends."""
        held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            held.bind(f"\0edgefmnist-mqtt-{name}-{self.number}")
        except OSError as error:
            held.close()
            # Where there are no such names (not Linux), every run is taken for the only one.
            return error.errno != errno.EADDRINUSE
        self._held = held
        return True

    def close(self) -> None:
        """Leave the number to others."""
        if self._held is not None:
            self._held.close()


def _name(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")
    return plain if plain == text else f"{plain[:40]}-{_digest(text, 6)}".lstrip("-")


def _machine() -> str:
    """What tells this machine from others: also from one whose card was copied from it."""
    known = [socket.gethostname()]
    for file in ("/etc/machine-id", "/sys/firmware/devicetree/base/serial-number"):
        try:
            known.append(Path(file).read_text(encoding="ascii", errors="replace").strip("\0\n"))
        except OSError:
            continue
    return " ".join(known)


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:length]
