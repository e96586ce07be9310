"""Each way in which a camera fails, with a real process and a real stream, and how it comes back.

The bounds are generous: this is about coming back at all. `-s` prints the times.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.capture.supervisor import Supervisor
from edgefmnist.camera.events import State
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources import v4l2_device
from edgefmnist.errors import BadPicture, CameraUnavailable
from tests.camera.capture.conftest import Camera, Watched, children, picture

Start = Callable[..., Watched]


def told(what: str, seconds: float) -> None:
    print(f"\n{what}: {seconds:.1f} s", end="")


def the_child() -> int:
    (pid,) = children(os.getpid())
    return pid


def test_killed_capture_process(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    before, index = the_child(), run.frames[-1].index
    os.kill(before, signal.SIGKILL)
    told("killed, live again after", run.until_live())
    assert the_child() != before
    assert run.frames[-1].index > index  # numbers go on
    assert run.states[-3:] == [State.STALE, State.RESTARTING, State.LIVE]
    assert "SIGKILL" in run.statuses[-3].detail and run.statuses[-1].restarts == 1


def test_capture_process_that_answers_no_more(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    os.kill(the_child(), signal.SIGSTOP)  # as one that hangs in a driver with everything locked
    told("stopped, told after", run.until_fault("no-frame"))
    told("live again after", run.until_live())


def test_read_that_hangs(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.mode = "stall"
    newest = run.frames[-1]
    told("stalled, told after", run.until_fault("no-frame"))
    assert run.frames[-1].index - newest.index <= 2 * 25  # what was on its way, and nothing made up
    camera.mode = "run"
    told("live again after", run.until_live())


def test_frozen_picture(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.mode = "freeze"
    told("frozen, told after", run.until_fault("frozen"))
    run.until(lambda: run.capture.status.restarts == 2, 30)
    assert run.states.count(State.LIVE) == 1  # what it froze on is not taken for a new picture
    pairs = zip(run.frames[:-1], run.frames[1:], strict=True)
    assert not any(np.array_equal(one.pixels, other.pixels) for one, other in pairs)
    camera.mode = "run"
    told("live again after", run.until_live())


@pytest.mark.parametrize(("mode", "fault"), [("black", "black"), ("grey", "uniform")])
def test_picture_that_shows_nothing(camera: Camera, watched: Start, mode: str, fault: str) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.mode = mode
    told(f"{mode}, told after", run.until_fault(fault))
    assert all(np.ptp(frame.pixels) > 100 for frame in run.frames)
    camera.mode = "run"
    told("live again after", run.until_live())


def test_covered_from_the_start_is_waited_for(camera: Camera, watched: Start) -> None:
    camera.mode = "black"
    run = watched(camera.url)
    run.until_fault("black")
    assert run.frames == []
    camera.mode = "run"
    told("uncovered, live after", run.until_live())


def test_stream_that_dies_and_returns(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.close()
    run.until_fault("unavailable")  # first "ended", then nobody listens
    assert any(status.fault == "ended" for status in run.statuses)
    camera.listen()
    told("server back, live again after", run.until_live())


@pytest.mark.slow
def test_server_that_refuses_for_30_seconds(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.close()
    begin = time.monotonic()
    run.until(lambda: time.monotonic() - begin > 30, 60)
    assert 3 <= run.capture.status.restarts <= 10  # tried again and again, and not in a hurry
    camera.listen()
    told("live again after", run.until_live(60))


def test_picture_of_another_size(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.mode = "large"
    told(
        "larger, seen after",
        run.until(lambda: run.frames[-1].pixels.shape == (240, 320, 3), within_s=30),
    )
    assert all(np.ptp(frame.pixels) > 100 for frame in run.frames)


def test_truncated_pictures_are_never_given(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.mode = "truncated"
    before = camera.sent
    run.until(lambda: camera.sent > before + 40, within_s=30)
    for frame in run.frames:  # where a JPEG breaks off, decoders fill in one colour
        assert np.ptp(frame.pixels[-8:, -64:].reshape(-1, 3), axis=0).min() > 30
    camera.mode = "run"
    told("whole again after", run.until_live())


def test_consumer_slower_than_the_camera_sees_the_newest(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    ages = []
    for _ in range(6):
        time.sleep(0.5)
        taken = run.capture.take(2)
        assert taken is not None
        ages.append(taken[1] / 1e9)
    assert max(ages) < 0.5 and run.capture.dropped > 20
    assert run.capture.status.state is State.LIVE


def test_consumer_that_slept_is_given_nothing_old(camera: Camera, watched: Start) -> None:
    run = watched(camera.url)
    run.until_live()
    camera.mode = "stall"
    time.sleep(3)  # the newest frame is older than two seconds now
    asleep = time.monotonic_ns()
    run.until_fault("no-frame", "ended")
    assert all(frame.captured_ns < asleep - 2e9 for frame in run.frames)
    assert run.capture.take(0.1) is None


def test_camera_that_vanishes_for_good_is_given_up(camera: Camera, watched: Start) -> None:
    run = watched(camera.url, give_up_after_s=4)
    run.until_live()
    camera.close()
    with pytest.raises(CameraUnavailable, match=r"no good frame for 4 s \(--give-up-after\)"):
        run.until(lambda: False, within_s=30)
    assert run.capture.status.state is State.FAILED


def test_camera_that_never_was_there_ends_at_once(camera: Camera) -> None:
    camera.close()
    capture = Supervisor(SourceConfig(uri=camera.url), None)
    with pytest.raises(CameraUnavailable, match="no video from"):
        capture.wait_until_open(lambda: False)
    capture.close()


def test_with_patience_it_is_waited_for(camera: Camera, watched: Start) -> None:
    camera.close()
    threading.Timer(1.5, camera.listen).start()
    run = watched(camera.url, give_up_after_s=60)
    told("live after", run.until_live(60))


def test_a_camera_that_is_plugged_in_is_tried_at_once(
    watched: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it was away, and however long the next try would have been waited for."""
    monkeypatch.setattr(v4l2_device, "DEVICES", tmp_path)
    run = watched("/dev/video789", give_up_after_s=600)
    run.until(lambda: run.capture.status.state is State.RESTARTING, 60)
    run.capture._start_at_ns += 10**13
    before = run.capture.status.restarts
    (tmp_path / "video789").touch()
    run.until(lambda: run.capture.status.restarts > before, 60)


def test_demo_is_started_again_and_a_file_is_not(
    watched: Start, video_file: Callable[..., object]
) -> None:
    run = watched("demo")
    run.until_live()
    os.kill(the_child(), signal.SIGKILL)
    run.until(lambda: run.capture.status.restarts == 1 and State.LIVE is run.states[-1], 30)
    indices = [frame.index for frame in run.frames]
    assert indices == sorted(set(indices))
    run.capture.close()

    run = watched(str(video_file("a.avi", "MJPG", frames=50)))
    assert run.capture.take(10) is not None
    os.kill(the_child(), signal.SIGKILL)
    with pytest.raises(BadPicture, match="SIGKILL"):
        run.until(lambda: False, within_s=30)


def test_film_that_stands_still_is_no_fault(watched: Start, tmp_path: Path) -> None:
    path = tmp_path / "still.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (128, 96))
    for _ in range(75):
        writer.write(cv2.imdecode(np.frombuffer(picture(0), np.uint8), cv2.IMREAD_COLOR))
    writer.release()
    run = watched(SourceConfig(uri=str(path), realtime=True))
    run.until(lambda: run.capture.ended, 30)
    assert len(run.frames) > 30 and run.states == [State.STARTING, State.LIVE]
