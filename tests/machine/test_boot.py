"""From power on, with a camera plugged in."""

from __future__ import annotations

import json

import pytest

from tests.machine.conftest import READY, Figure
from tests.machine.guest import Guest
from tests.machine.service import Service
from tests.machine.uvc import Format, Model

pytestmark = pytest.mark.machine

ODD = Model(
    formats=(
        Format(kind="yuyv", sizes=((640, 480), (352, 288), (176, 144)), rates=(5,)),
        Format(kind="mjpg", sizes=((640, 480), (800, 600)), rates=(15, 5)),
    )
)
GREY = Model(formats=(Format(kind="grey", sizes=((320, 240),), rates=(10,)),))


def test_booted_with_the_camera(off: Guest, figure: Figure) -> None:
    """The service comes up by itself, at its first start."""
    off.start(READY)
    off.check("sync")
    off.power_cut()
    webcam = off.webcam()
    up = off.start(plugged=[webcam])
    service = Service(guest=off)
    service.until_live(60)
    figure("live after power on", off.run("true").uptime_s)
    figure("commands taken after power on", up.uptime_s)
    shown = service.show("ActiveState", "NRestarts", "StatusText", "WatchdogTimestampMonotonic")
    assert shown["ActiveState"] == "active" and shown["NRestarts"] == "0", service.journal()
    assert shown["StatusText"].startswith("live: ") and " fps" in shown["StatusText"], shown
    first = int(shown["WatchdogTimestampMonotonic"])
    off.run("sleep 16")
    assert int(service.show("WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"]) > first
    assert not off.run("systemctl --failed --no-legend").out


def test_what_a_user_is_told(live: Service) -> None:
    """`camera --list` and `doctor` beside the running service, and after it has stopped."""
    guest = live.guest
    listed = guest.check("edgefmnist camera --list")
    assert listed.count("/dev/video") - listed.count("fuser") == 1, listed
    assert "Test webcam" in listed
    told = _doctor(guest)
    assert told["camera"]["status"] == "ok", told["camera"]
    assert "end it" not in json.dumps(told) and "stop it" not in json.dumps(told["camera"])
    guest.check("systemctl stop edgefmnist")
    listed = guest.check("edgefmnist camera --list")
    assert "ready" in listed and "busy" not in listed, listed
    assert "YUYV 640x480, 320x240" in listed and "MJPG 640x480, 320x240" in listed, listed
    assert _doctor(guest)["camera"]["status"] == "ok"
    assert guest.check("edgefmnist verify --json")


@pytest.mark.parametrize(
    ("model", "options", "gives"),
    [
        (ODD, "", "640x480 YUYV 5 fps"),
        (ODD, "--size 352x288", "352x288 YUYV 5 fps"),
        (ODD, "--size 800x600", "800x600 MJPG"),
        (ODD, "--size 640x480 --fps 15", "640x480 MJPG 15 fps"),
        (GREY, "--size 320x240", "320x240 GREY"),
        (Model(iso=True, formats=(Format(kind="mjpg", sizes=((320, 240),)),)), "", "320x240 MJPG"),
    ],
)
def test_sizes_and_rates(guest: Guest, model: Model, options: str, gives: str) -> None:
    """What was asked and got is said, and pictures come."""
    webcam = guest.webcam(0, model)
    webcam.plug()
    guest.until("test -w /dev/video0", 20)
    done = guest.run(f"edgefmnist camera --source /dev/video0 {options} --frames 2 --jsonl")
    assert done.code == 0, done.err
    assert gives in done.err, done.err
    labels = [line for line in map(json.loads, done.out.splitlines()) if line["event"] == "label"]
    assert labels and webcam.stream.sent >= 2


def test_a_size_that_it_has_not(guest: Guest) -> None:
    """A wrong option, with the sizes that there are."""
    webcam = guest.webcam()
    webcam.plug()
    guest.until("test -w /dev/video0", 20)
    done = guest.run("edgefmnist camera --source /dev/video0 --size 641x481 --frames 2")
    assert done.code == 2 and "640x480" in done.err and "320x240" in done.err


def test_names_that_stay(guest: Guest) -> None:
    """The name by its id is the same at another port, and is a source."""
    name = "/dev/v4l/by-id/usb-Edgefmnist_Test_webcam_0001-video-index0"
    for port in (0, 1):
        webcam = guest.webcam(port)
        webcam.plug()
        guest.until(f"test -w {name}", 20)
        done = guest.run(f"edgefmnist camera --source {name} --size 320x240 --frames 1 --jsonl")
        assert done.code == 0, done.err
        webcam.unplug()
        guest.until(f"! test -e {name}", 20)


def test_without_permission(guest: Guest) -> None:
    """Somebody who is not in the group video is told so."""
    guest.webcam().plug()
    guest.until("test -w /dev/video0", 20)
    user = "setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/tmp edgefmnist camera"
    done = guest.run(f"{user} --source /dev/video0 --frames 1")
    assert done.code == 6 and "video group" in done.err, done.err
    assert "no permission" in guest.check(f"{user} --list")


def test_busy(live: Service) -> None:
    """A second program is told that the camera is in use; the first is not disturbed."""
    done = live.guest.run("edgefmnist camera --source /dev/video0 --frames 1")
    assert done.code == 6 and "another program" in done.err, done.err
    assert live.health()["code"] == 200


def _doctor(guest: Guest) -> dict[str, dict[str, str]]:
    return {one["check"]: one for one in json.loads(guest.run("edgefmnist doctor --json").out)}
