"""The camera is there, and something ails it."""

from __future__ import annotations

import pytest

from tests.machine.conftest import Figure
from tests.machine.service import Service
from tests.machine.uvc import Format, Model
from tests.machine.webcam import Fault

pytestmark = pytest.mark.machine

MJPG = Model(formats=(Format(kind="mjpg", sizes=((320, 240),)),))
LASTS_S = 6.0


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("stall", {"no-frame"}),
        ("freeze", {"frozen"}),
        ("black", {"black"}),
        ("halt", {"no-frame", "ended", "unavailable"}),
        ("error-bit", {"no-frame"}),
    ],
)
def test_it_is_lost_and_found(live: Service, figure: Figure, fault: Fault, told: set[str]) -> None:
    """The page says what ails the camera, and is live soon after it is over."""
    (webcam,) = live.guest.webcams
    pid = live.pid()
    webcam.set(fault)
    figure(f"lost: {fault}", live.until_lost())
    health = live.health()
    live.guest.run(f"sleep {LASTS_S:g}")
    later = live.health()
    webcam.set("")
    figure(f"live after {LASTS_S:g} s of: {fault}", live.until_live())
    assert health["code"] == later["code"] == 503
    assert health["fault"] in told and later["fault"] in told, (health, later)
    assert live.pid() == pid, "the service was started again"
    assert not [line for line in live.processes() if line.startswith("Z")]


@pytest.mark.parametrize("fault", ["cut", "noise", "short"])
def test_damaged_pictures_are_not_classified(
    service: Service, figure: Figure, fault: Fault
) -> None:
    """Torn, changed and empty JPEGs: said to be damaged, or nothing at all, never a label."""
    webcam = service.guest.webcam(0, MJPG)
    webcam.plug()
    service.guest.until("test -w /dev/video0", 20)
    service.install(
        *("--source", "/dev/video0", "--size", "320x240", "--fps", "5", "--every-frame"),
        *("--preview", "127.0.0.1:8080", "--log", "camera.jsonl"),
    )
    service.start()
    webcam.set(fault)
    figure(f"lost: JPEGs with {fault}", service.until_lost(20))
    classified = _classified(service)
    service.guest.run("sleep 8")
    assert _classified(service) == classified
    assert service.health()["code"] == 503
    webcam.set("")
    figure(f"live after JPEGs with {fault}", service.until_live())


def test_wrong_length_of_raw_pictures(live: Service) -> None:
    """Half a YUYV picture is never taken for a whole one."""
    (webcam,) = live.guest.webcams
    webcam.set("short")
    live.until_lost()
    webcam.set("")
    live.until_live()


def test_one_damaged_second_is_ridden_out(live: Service) -> None:
    """A second without pictures restarts nothing."""
    (webcam,) = live.guest.webcams
    child = live.capture_pid()
    webcam.set("stall")
    live.guest.run("sleep 1")
    webcam.set("")
    live.guest.run("sleep 3")
    assert live.health()["code"] == 200 and live.capture_pid() == child


def _classified(service: Service) -> int:
    """Frames that the log has; the newest may be a moment old."""
    return sum(one["event"] != "state" for one in service.events())
