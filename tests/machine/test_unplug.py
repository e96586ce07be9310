"""The camera is pulled out and put back, or comes late."""

from __future__ import annotations

import pytest

from tests.machine.conftest import Figure
from tests.machine.guest import Guest
from tests.machine.service import LIVE_S, Service
from tests.machine.uvc import Model

pytestmark = pytest.mark.machine


def test_unplugged_and_plugged_again(live: Service, figure: Figure) -> None:
    """Ten times: each time it is said, each time it is live again, nothing is left behind.

    The loop waits longer from time to time, up to half a minute.
    """
    (webcam,) = live.guest.webcams
    pid = live.pid()
    for count in range(10):
        webcam.unplug()
        lost_s = live.until_lost()
        if count == 0:
            told = live.health()
            assert told["code"] == 503 and told["fault"] in ("ended", "unavailable"), told
        webcam.plug()
        again_s = live.until_live()
        figure(f"lost after unplugging, {count + 1}", lost_s)
        figure(f"live after plugging in again, {count + 1}", again_s)
    assert live.pid() == pid and live.show("NRestarts")["NRestarts"] == "0"
    assert not [line for line in live.processes() if line.startswith("Z")]
    assert live.guest.run("ls /dev/shm | wc -l").out.strip() in ("0", "1"), "shared memory is left"


def test_unplugged_for_a_minute(live: Service, figure: Figure) -> None:
    """The service stays as it is, says 503 and a few lines, and is live once the camera is back."""
    (webcam,) = live.guest.webcams
    pid, lines = live.pid(), len(live.journal())
    webcam.unplug()
    live.until_lost()
    live.guest.run("sleep 75")
    told = live.health()
    assert told["code"] == 503, told
    assert live.show("ActiveState")["ActiveState"] == "active"
    assert live.pid() == pid
    said = live.journal()[lines:]
    assert 1 <= len(said) <= 20, said
    webcam.plug()
    figure("live after a minute without the camera", live.until_live(LIVE_S + 5))


def test_started_without_the_camera(waiting: Service, figure: Figure) -> None:
    """It counts as started, serves its page, says what it waits for, and takes the camera."""
    guest, service = waiting.guest, waiting
    guest.run("sleep 30")
    shown = service.show("ActiveState", "SubState", "NRestarts", "StatusText")
    assert shown["ActiveState"] == "active" and shown["NRestarts"] == "0", shown
    assert "/dev/video0" in shown["StatusText"], shown
    assert service.health()["code"] == 503
    assert len(service.journal()) <= 20, service.journal()
    webcam = guest.webcam()
    webcam.plug()
    figure(
        "live after plugging in the camera that was not there at the start", service.until_live()
    )


def test_it_comes_back_under_another_number(live: Service, figure: Figure) -> None:
    """Somebody holds the node of the lost camera: it is /dev/video2 then, and still ours."""
    (webcam,) = live.guest.webcams
    live.guest.check("setsid sh -c 'exec 3<>/dev/video0; sleep 60' >/dev/null 2>&1 & sleep 0.5")
    webcam.unplug()
    live.until_lost()
    webcam.plug()
    live.guest.until("ls /dev/v4l/by-id/*index0 && ! test -e /dev/video0", 20)
    figure("live after the camera came back under another number", live.until_live())


def test_named_by_id(guest: Guest, figure: Figure) -> None:
    """A stable name is taken, and finds the camera under any number."""
    service = Service(guest=guest)
    name = "/dev/v4l/by-id/usb-Edgefmnist_Test_webcam_0002-video-index0"
    service.install(
        "--source", name, "--size", "320x240", "--fps", "5", "--preview", "127.0.0.1:8080"
    )
    other, ours = guest.webcam(0), guest.webcam(1, Model(serial="0002"))
    other.plug()
    guest.until("test -e /dev/video0", 20)
    ours.plug()
    guest.until(f"test -e {name}", 20)
    service.start()
    assert ours.stream.sent > 0 == other.stream.sent
    ours.unplug()
    other.unplug()
    service.until_lost()
    ours.plug()  # now it is the first
    figure("live after two cameras swapped their numbers", service.until_live())
