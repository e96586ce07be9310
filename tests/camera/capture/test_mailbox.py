"""The hand-over: newest frame of a live source, every frame of any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.capture.child import Mailbox, read_on
from edgefmnist.camera.capture.messages import Ended, Failed, Given, Nothing
from edgefmnist.camera.capture.pixels import SharedPixels
from edgefmnist.camera.capture.supervisor import Supervisor
from edgefmnist.camera.source import SourceConfig
from edgefmnist.errors import CameraUnavailable
from edgefmnist.records import Frame
from tests.camera.conftest import number_of


class Scripted:
    """A source whose frames come when the test says so."""

    name = "scripted"

    def __init__(self, *, live: bool) -> None:
        self.live = live
        self.mailbox = Mailbox(live=live)
        self.allowed = threading.Semaphore(0)
        self.given = 0
        self.end_after = 1000
        self.fail_after = 1000
        self.closed = threading.Event()
        self._random = np.random.default_rng(0)
        self._thread = threading.Thread(
            target=read_on, args=(self, self.mailbox, None), daemon=True
        )
        self._thread.start()

    def read(self) -> Frame | None:
        if not self.allowed.acquire(timeout=5):
            raise CameraUnavailable("stalled")
        if self.given == self.fail_after:
            raise CameraUnavailable("unplugged")
        if self.given == self.end_after:
            return None
        self.given += 1
        return Frame(
            pixels=self._random.integers(0, 256, (12, 16, 3), np.uint8),
            captured_ns=time.monotonic_ns(),
            index=self.given - 1,
        )

    def close(self) -> None:
        self.closed.set()

    def release(self, count: int) -> None:
        """Let `count` more reads through, and wait until they are in the mailbox."""
        target = self.given + count
        for _ in range(count):
            self.allowed.release()
        deadline = time.monotonic() + 5
        while self.given < target and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)  # the frame goes from `read` into the mailbox


@pytest.fixture
def memory() -> Iterator[SharedPixels]:
    made = SharedPixels()
    yield made
    made.close()


def test_slow_consumer_gets_the_newest_and_the_count_of_those_missed(memory: SharedPixels) -> None:
    source = Scripted(live=True)
    source.release(1)
    taken = source.mailbox.take(memory)
    assert isinstance(taken, Given) and (taken.index, taken.dropped) == (0, 0)
    source.release(7)
    taken = source.mailbox.take(memory)
    assert isinstance(taken, Given) and (taken.index, taken.dropped) == (7, 6)
    assert source.mailbox.take(memory) == Nothing(fault="", dropped=6)  # never the same twice
    source.end_after = 8
    source.allowed.release()
    assert source.closed.wait(5)
    assert source.mailbox.take(memory) == Ended()


def test_failure_wins_over_the_live_frame_before_it(memory: SharedPixels) -> None:
    source = Scripted(live=True)
    source.fail_after = 3
    source.allowed.release(4)
    assert source.closed.wait(5)
    assert source.mailbox.take(memory) == Failed(
        error="CameraUnavailable", message="unplugged", gave=True
    )


def test_last_frame_is_still_handed_over_when_a_source_ends(memory: SharedPixels) -> None:
    for live in (True, False):
        source = Scripted(live=live)
        source.end_after = 1
        source.allowed.release(2)
        assert source.closed.wait(5)
        assert isinstance(source.mailbox.take(memory), Given)
        assert source.mailbox.take(memory) == source.mailbox.take(memory) == Ended()


def test_what_is_not_live_waits_for_its_reader(memory: SharedPixels) -> None:
    source = Scripted(live=False)
    source.allowed.release(20)
    time.sleep(0.2)
    assert source.given <= 2  # one in the mailbox, one that waits for its place
    taken = [source.mailbox.take(memory) for _ in range(10)]
    assert [one.index for one in taken if isinstance(one, Given)] == list(range(10))


def test_closing_lets_a_waiting_reader_end(memory: SharedPixels) -> None:
    source = Scripted(live=False)
    source.allowed.release(20)
    time.sleep(0.1)
    source.mailbox.stop()
    assert source.closed.wait(5)


def test_bad_frames_are_told_and_not_given(memory: SharedPixels) -> None:
    mailbox = Mailbox(live=True)
    frame = Frame(pixels=np.zeros((2, 2, 3), np.uint8), captured_ns=0, index=0)
    assert mailbox.put(frame, 0, "black")
    assert mailbox.take(memory) == Nothing(fault="black", dropped=1)


def test_file_is_read_frame_by_frame_however_slow_the_consumer(
    video_file: Callable[..., Path],
) -> None:
    path = video_file("a.avi", "MJPG", frames=6)
    capture = Supervisor(SourceConfig(uri=str(path)), None)
    numbers = []
    while not capture.ended:
        if (taken := capture.take(1)) is not None:
            time.sleep(0.02)
            numbers.append(number_of(taken[0].pixels))
            assert taken[1] > 0
    capture.close()
    assert numbers == list(range(6))
    assert capture.dropped == 0
