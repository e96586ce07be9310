"""The clock is wrong at first, as on a board that has none, and is set while the camera runs."""

from __future__ import annotations

import pytest

from tests.machine.service import Service

pytestmark = pytest.mark.machine


@pytest.mark.parametrize("step", ["+56 years", "-400 days", "+90 seconds"])
def test_it_is_set_while_the_camera_runs(live: Service, step: str) -> None:
    """Nothing is lost, restarted or taken for old; the log has the new time."""
    pid, child = live.pid(), live.capture_pid()
    live.guest.check(f"date -s \"$(date -d '{step}')\"")
    live.guest.run("sleep 6")
    assert live.health()["code"] == 200
    assert (live.pid(), live.capture_pid()) == (pid, child)
    assert live.health()["frame_age_s"] < 3
    live.guest.check("kill -KILL " + str(child))
    live.until_lost()
    live.until_live()
    year = live.guest.check("date -u +%Y-%m-%d").strip()
    assert live.events()[-1]["time"].startswith(year)


def test_suspended(live: Service) -> None:
    """Asleep for ten minutes, then live again by itself."""
    pid = live.pid()
    done = live.guest.run("rtcwake -m freeze -s 20", 60)
    if done.code:
        pytest.skip(f"this machine does not sleep: {done.err}")
    live.until_live(60)
    assert live.pid() == pid
