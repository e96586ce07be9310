"""The hand-over: newest frame of a live source, every frame of any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.capture.old import start_capture
from edgefmnist.camera.source import SourceConfig, open_source
from edgefmnist.errors import CameraUnavailable
from edgefmnist.records import Frame
from tests.camera.conftest import MjpegServer, number_of


class Scripted:
    """A live source whose frames come when the test says so."""

    live = True
    name = "scripted"

    def __init__(self) -> None:
        self.allowed = threading.Semaphore(0)
        self.given = 0
        self.end_after = 1000
        self.fail_after = 1000
        self.closed_by: list[str] = []

    def read(self) -> Frame | None:
        if not self.allowed.acquire(timeout=2):
            raise CameraUnavailable("stalled")
        if self.given == self.fail_after:
            raise CameraUnavailable("unplugged")
        if self.given == self.end_after:
            return None
        self.given += 1
        return Frame(
            pixels=np.zeros((4, 4, 3), np.uint8),
            captured_ns=time.monotonic_ns(),
            index=self.given - 1,
        )

    def close(self) -> None:
        self.closed_by.append(threading.current_thread().name)

    def release(self, count: int) -> None:
        """Let `count` more reads through, and wait until the reader is back for the next."""
        target = self.given + count
        for _ in range(count):
            self.allowed.release()
        deadline = time.monotonic() + 5
        while self.given < target and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)  # the frame goes from `read` into the mailbox


def test_slow_consumer_gets_the_newest_frame_and_the_count_of_those_missed() -> None:
    source = Scripted()
    capture = start_capture(source)
    source.release(1)
    taken = capture.take(1)
    assert taken is not None and taken[0].index == 0
    source.release(7)
    taken = capture.take(1)
    assert taken is not None and taken[0].index == 7
    assert capture.dropped == 6
    assert capture.take(0.01) is None and not capture.ended  # never the same frame twice
    source.end_after = 8
    source.allowed.release()
    assert capture.take(1) is None and capture.ended
    capture.close()
    assert source.closed_by == ["capture"]


def test_failure_wins_over_the_frame_before_it() -> None:
    source = Scripted()
    source.fail_after = 3
    capture = start_capture(source)
    for _ in range(4):
        source.allowed.release()
    deadline = time.monotonic() + 5
    while not source.closed_by and time.monotonic() < deadline:
        time.sleep(0.005)
    with pytest.raises(CameraUnavailable, match="unplugged"):
        capture.take(1)
    capture.close()


def test_last_frame_is_still_handed_over_when_a_source_ends() -> None:
    source = Scripted()
    source.end_after = 1
    capture = start_capture(source)
    source.allowed.release(2)
    while not source.closed_by:
        time.sleep(0.005)
    taken = capture.take(1)
    assert taken is not None and taken[0].index == 0 and not capture.ended
    assert capture.take(1) is None and capture.ended
    capture.close()


def test_file_is_read_in_lock_step_however_slow_the_consumer(
    video_file: Callable[..., Path],
) -> None:
    capture = start_capture(
        open_source(SourceConfig(uri=str(video_file("a.avi", "MJPG", frames=6))))
    )
    numbers = []
    while not capture.ended:
        time.sleep(0.02)
        if (taken := capture.take(1)) is not None:
            numbers.append(number_of(taken[0].pixels))
            assert taken[1] > 0
    capture.close()
    assert numbers == list(range(6))
    assert capture.dropped == 0


def test_slow_consumer_of_a_real_stream_drops_and_does_not_lag(
    mjpeg_server: Callable[..., MjpegServer],
) -> None:
    server = mjpeg_server(rate=30)
    capture = start_capture(open_source(SourceConfig(uri=server.url)))
    lags, indices = [], []
    for _ in range(8):
        taken = capture.take(5)
        assert taken is not None
        lags.append(server.sent - number_of(taken[0].pixels))
        indices.append(taken[0].index)
        time.sleep(0.25)  # a consumer of 4 fps
    dropped = capture.dropped
    capture.close()
    # What FFmpeg read while it looked at the stream is drained in the first rounds; from then on
    # the frame taken is among the newest sent, whereas a queue would fall 7 frames back each time.
    assert max(lags[3:]) <= 6
    assert indices == sorted(set(indices))
    assert dropped >= indices[-1] - len(indices)
    assert dropped > 20
