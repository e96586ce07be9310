"""Processes are stopped and killed, and systemd asks for this and that."""

from __future__ import annotations

import pytest

from tests.machine.conftest import Figure
from tests.machine.service import Service

pytestmark = pytest.mark.machine


@pytest.mark.parametrize("signal", ["KILL", "STOP"])
def test_of_the_capture_process(live: Service, figure: Figure, signal: str) -> None:
    """The loop starts another; the service itself lives on."""
    pid, child = live.pid(), live.capture_pid()
    live.guest.check(f"kill -{signal} {child}")
    figure(f"lost after SIG{signal} of the capture process", live.until_lost())
    figure(f"live after SIG{signal} of the capture process", live.until_live())
    assert live.pid() == pid and live.capture_pid() != child
    assert live.guest.run(f"kill -0 {child}").code != 0, "the stopped process is still there"
    _clean(live)


def test_kill_of_the_main_process(live: Service, figure: Figure) -> None:
    """systemd starts the service again; nothing of the first is left."""
    pid, child = live.pid(), live.capture_pid()
    live.guest.check(f"kill -KILL {pid}")
    live.guest.until(f"! kill -0 {child}", 5)
    figure("live after SIGKILL of the main process", live.until_live(40))
    assert live.pid() != pid and live.show("NRestarts")["NRestarts"] == "1"
    _clean(live)


def test_the_watchdog(live: Service, figure: Figure) -> None:
    """A main process that hangs is ended by systemd after a minute and started again."""
    pid = live.pid()
    done = live.guest.run(f"kill -STOP {pid}")
    gone = live.guest.until(f"! kill -0 {pid}", 100)
    figure("ended by the watchdog after SIGSTOP of the main process", gone.uptime_s - done.uptime_s)
    assert 40 <= gone.uptime_s - done.uptime_s <= 85
    figure("live after the watchdog ended it", live.until_live(40))
    assert any("watchdog" in line.lower() for line in live.journal())
    _clean(live)


def test_stop(live: Service, figure: Figure) -> None:
    """It ends in order, at once, and leaves nothing."""
    took = live.guest.run("systemctl stop edgefmnist", 60)
    figure("stopped while live", took.took_s)
    assert took.code == 0 and took.took_s < 10
    shown = live.show("ActiveState", "Result", "ExecMainStatus")
    assert shown == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}, shown
    assert not live.processes()
    assert live.guest.run("fuser /dev/video0").code != 0
    assert not live.guest.run("ls /dev/shm").out.strip()
    assert live.events()[-1]  # the log ends with a whole line


def test_stop_while_the_camera_is_lost(live: Service, figure: Figure) -> None:
    """Neither a stall nor a wait for the next start holds it up."""
    live.guest.webcams[0].set("stall")
    live.until_lost()
    took = live.guest.run("systemctl stop edgefmnist", 60)
    figure("stopped while the camera stalls", took.took_s)
    assert took.code == 0 and took.took_s < 10
    assert live.show("Result")["Result"] == "success" and not live.processes()


def test_restart(live: Service, figure: Figure) -> None:
    """Live again after no more than its start takes."""
    pid = live.pid()
    begin = live.guest.run("true").uptime_s
    live.guest.check("systemctl restart edgefmnist")
    live.until_live()
    figure("live after systemctl restart", live.guest.run("true").uptime_s - begin)
    assert live.pid() != pid and live.show("NRestarts")["NRestarts"] == "0"
    _clean(live)


def test_reload(live: Service, figure: Figure) -> None:
    """The model is proven again beside the running camera, which stays live."""
    pid, child = live.pid(), live.capture_pid()
    live.guest.check("systemctl reload edgefmnist")
    asked = "journalctl -b -u edgefmnist -o cat --no-pager | grep '^model: .*from now on'"
    took = live.guest.until(asked, 60)
    figure("the model taken again after systemctl reload", took.took_s)
    assert live.pid() == pid and live.capture_pid() == child
    assert live.health()["code"] == 200
    assert live.show("ActiveState")["ActiveState"] == "active"


def _clean(service: Service) -> None:
    """Two processes at work and their launcher, none dead; the log is whole."""
    assert not [line for line in service.processes() if line.startswith("Z")]
    assert service.events()
