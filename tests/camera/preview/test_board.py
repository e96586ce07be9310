"""What can be said of the camera from what the loop left."""

from __future__ import annotations

import dataclasses

import pytest

from edgefmnist.camera.events import State, Status
from edgefmnist.camera.preview import board as module
from edgefmnist.camera.preview.board import Board
from edgefmnist.records import ModelInUse
from tests.camera.preview.conftest import empty_event, event


class Clock:
    """`time`, as far as the board asks it."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic_ns(self) -> int:
        return int(self.now_s * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(source="demo", model=ModelInUse(name="edge"))


def live(clock: Clock, **more: object) -> Status:
    return Status(state=State.LIVE, since_ns=clock.monotonic_ns(), **more)  # type: ignore[arg-type]


def test_it_is_live_only_with_a_status_and_a_frame(clock: Clock, board: Board) -> None:
    assert board.health().state is State.STARTING and board.health().frame_age_s is None
    board.put_status(live(clock))
    assert not board.health().live
    board.put_event(event())
    assert board.health().live
    clock.now_s += 2
    assert board.health().live and board.health().frame_age_s == pytest.approx(2)


@pytest.mark.parametrize("state", [state for state in State if state is not State.LIVE])
def test_a_status_that_is_not_live_holds_whatever_frame_came(
    clock: Clock, board: Board, state: State
) -> None:
    board.put_event(event())
    told = Status(state=state, fault="frozen", detail="why", since_ns=clock.monotonic_ns())
    board.put_status(told)
    clock.now_s += 7
    health = board.health()
    assert (health.state, health.fault, health.detail) == (state, "frozen", "why")
    assert health.for_s == pytest.approx(7) and not health.live


def test_a_loop_that_hangs_while_the_status_says_live_is_stale(clock: Clock, board: Board) -> None:
    board.put_status(live(clock))
    board.put_event(event())
    clock.now_s += 5.5
    health = board.health()
    assert health.state is State.STALE and health.for_s == pytest.approx(5.5)
    assert "loop hangs" in health.detail
    board.put_event(event(1))
    assert board.health().live


def test_a_first_frame_that_never_comes_is_stale_too(clock: Clock, board: Board) -> None:
    board.put_status(live(clock))
    clock.now_s += 4
    assert board.health().state is State.STARTING
    clock.now_s += 2
    assert board.health().state is State.STALE


@pytest.mark.parametrize(("fps", "holds_s", "late_s"), [(0.5, 5.5, 6.5), (0.01, 55, 65)])
def test_slow_cameras_are_given_more_time_but_not_without_end(
    clock: Clock, board: Board, fps: float, holds_s: float, late_s: float
) -> None:
    board.put_status(live(clock))
    board.put_event(dataclasses.replace(event(), fps=fps))
    clock.now_s += holds_s
    assert board.health().live
    clock.now_s += late_s - holds_s
    assert board.health().state is State.STALE


def test_a_camera_that_came_back_is_not_blamed_for_the_time_before(
    clock: Clock, board: Board
) -> None:
    board.put_status(live(clock))
    board.put_event(event())
    clock.now_s += 600
    board.put_status(live(clock, restarts=3))
    assert board.health().live and board.restarts == 3


def test_counts_never_go_back(clock: Clock, board: Board) -> None:
    board.put_status(live(clock, restarts=3))
    board.put_event(dataclasses.replace(event(), dropped=9, capture_ns=-5))
    board.put_status(live(clock, restarts=0))
    board.put_event(dataclasses.replace(event(1), dropped=1))
    assert (board.restarts, board.dropped, board.classified) == (3, 9, 2)
    assert board.stages["capture"].total_ns == event().capture_ns


def test_inference_counts_frames_with_a_garment_only(board: Board) -> None:
    board.put_event(event())
    board.put_event(empty_event(1))
    counted = {name: sum(stage.counts) for name, stage in board.stages.items()}
    assert counted == {"capture": 2, "preprocess": 2, "infer": 1}
