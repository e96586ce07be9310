"""A camera that is away for a night, or comes and goes, fills no journal."""

from __future__ import annotations

import types

import pytest

from edgefmnist.camera.events import State, Status
from edgefmnist.render import damping
from edgefmnist.render.damping import Damped

LIVE = Status(state=State.LIVE, since_ns=0)


def lost(state: State = State.STALE, detail: str = "no camera at /dev/video0") -> Status:
    return Status(state=state, fault="unavailable", detail=detail, since_ns=0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(damping, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_loss_and_a_recovery_are_said_each_time(clock: list[float]) -> None:
    damped = Damped()
    assert damped.line(Status(state=State.STARTING, since_ns=0)) == ""
    assert damped.line(LIVE) == ""
    for _ in range(3):
        clock[0] += 600
        assert damped.line(lost()) == "camera stale no camera at /dev/video0"
        assert damped.line(lost(State.RESTARTING)) == "camera restarting no camera at /dev/video0"
        assert damped.line(LIVE) == "camera live"
        assert damped.line(LIVE) == ""


def test_a_night_without_a_camera_is_a_line_an_hour(clock: list[float]) -> None:
    damped, said = Damped(), []
    for _ in range(8 * 120):
        for state in (State.STALE, State.RESTARTING):
            said.append(damped.line(lost(state)))
        clock[0] += 30
    assert 14 <= sum(map(bool, said)) <= 18


def test_another_reason_is_said_at_once_and_another_number_is_none(clock: list[float]) -> None:
    damped = Damped()
    assert damped.line(lost(detail="ended after 3 frames"))
    assert not damped.line(lost(detail="ended after 417 frames"))
    assert damped.line(lost(detail="no permission"))
    assert not damped.line(lost(detail="ended after 5 frames"))


def test_one_that_comes_and_goes_is_said_twenty_times_and_then_counted(clock: list[float]) -> None:
    damped = Damped()
    said = [damped.line(status) for _ in range(100) for status in (lost(), LIVE)]
    assert all(said[:20]) and not any(said[20:])
    clock[0] += 300
    assert damped.line(lost()).endswith("(180 changes since the last line)")
    assert damped.line(LIVE) == ""
