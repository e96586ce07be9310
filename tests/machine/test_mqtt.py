"""A broker on the machine itself that starts late, and a machine that gets another name."""

from __future__ import annotations

import pytest

from tests.machine.conftest import Figure
from tests.machine.service import Service

pytestmark = pytest.mark.machine

TOPIC = "garments"


def test_broker_reached_later(service: Service, figure: Figure) -> None:
    """The camera is live without it; once it is there it hears, also of a camera that is lost."""
    guest = service.guest
    service.install(
        *("--source", "/dev/video0", "--size", "320x240", "--fps", "5"),
        *("--preview", "127.0.0.1:8080", "--mqtt", f"mqtt://localhost/{TOPIC}"),
    )
    webcam = guest.webcam()
    webcam.plug()
    guest.until("test -w /dev/video0", 20)
    service.start()
    guest.run("sleep 3; hostname other")
    assert service.health()["code"] == 200
    guest.check("systemctl start mosquitto")
    took = guest.until(_heard("availability", "online"), 90)
    figure("heard by a broker that started late", took.took_s)
    guest.until(_heard("state", "label"), 10)
    webcam.unplug()
    took = guest.until(_heard("availability", "offline"), 20)
    figure("heard by the broker that the camera is unplugged", took.took_s)


def _heard(topic: str, word: str) -> str:
    """Whether the broker keeps a message with `word`."""
    return f"mosquitto_sub -t {TOPIC}/{topic} -C 1 -W 3 | grep -q {word}"
