"""The parts of the capture that need no process."""

from __future__ import annotations

import dataclasses
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.capture import messages
from edgefmnist.camera.capture.content import Content
from edgefmnist.camera.capture.messages import Ended, Failed, Given, Nothing, Opened
from edgefmnist.camera.capture.pixels import SharedPixels
from edgefmnist.camera.capture.watchdog import SECOND_NS, Backoff, Pace, Watchdog
from edgefmnist.camera.source import SourceConfig
from edgefmnist.errors import BadPicture, CameraUnavailable, EdgeFmnistError

GIVEN = Given(
    height=2,
    width=3,
    captured_ns=10**15,
    read_ns=5,
    dropped=7,
    index=9,
    name="é",
    true_label=-1,
    proven_new=True,
)


# Messages


@pytest.mark.parametrize(
    "message",
    [
        GIVEN,
        Opened(name="demo:0", live=False),
        Opened(name="/dev/video0", live=True, camera=("046d", "é")),
        Nothing(fault="black", dropped=3),
        Ended(),
        Failed(error="BadPicture", message="x" * 100),
    ],
)
def test_message_arrives_as_it_was_sent(message: messages.Answer) -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        messages.answer(there, message)
        messages.answer(there, Ended())
        assert messages.answered(here) == message  # and nothing of the next
        assert messages.answered(here) == Ended()


def test_what_is_asked_for_arrives_whole() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    config = SourceConfig(uri="rtsp://x", size=(640, 480), fps=12.5, realtime=True, loop=True)
    config = dataclasses.replace(config, ca=Path("/a b"), camera=("046d", "0825"))
    with here, there:
        messages.ask_to_open(here, config)
        assert messages.asked_to_open(there) == config
        here.close()
        assert not messages.asked(there)


def test_errors_keep_their_class_and_words() -> None:
    for error in (CameraUnavailable("no camera"), BadPicture("torn")):
        again = messages.failure(error).exception()
        assert type(again) is type(error) and str(again) == str(error)
    foreign = messages.failure(KeyError("x")).exception()
    assert type(foreign) is EdgeFmnistError and "KeyError" in str(foreign)


def test_endless_error_still_fits_a_message() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        messages.answer(there, messages.failure(BadPicture("\n" * 1_000_000)))
        assert isinstance(messages.answered(here), Failed)


# Shared memory


def test_pictures_of_growing_and_shrinking_size_arrive_whole() -> None:
    ours = SharedPixels()
    theirs = SharedPixels(os.dup(ours.descriptor))
    random = np.random.default_rng(0)
    for height, width in ((4, 5), (480, 640), (3, 3), (720, 1280)):
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        theirs.write(pixels[:, ::-1])  # not contiguous
        found = ours.read(height, width)
        np.testing.assert_array_equal(found, pixels[:, ::-1])
        theirs.write(np.zeros((height, width, 3), np.uint8))
        np.testing.assert_array_equal(found, pixels[:, ::-1])  # a copy
    for memory in (ours, theirs):
        memory.close()
        memory.close()


# Content


def noisy(level: float, spread: float, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(level, spread, (240, 320, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("level", "spread", "fault"),
    [(0, 0, "black"), (10, 3, "black"), (130, 0, "uniform"), (200, 4, "uniform")],
)
def test_noise_alone_is_no_picture(level: float, spread: float, fault: str) -> None:
    assert Content().fault(noisy(level, spread, 0)) == fault


def test_dark_picture_with_something_in_it_is_one() -> None:
    pixels = noisy(12, 3, 0)
    pixels[60:180, 100:200] += 12
    assert Content().fault(pixels) == ""


def test_same_bytes_are_told_and_one_other_byte_is_enough() -> None:
    content, pixels = Content(), noisy(100, 60, 0)
    pixels[:, :160] //= 2
    assert content.fault(pixels) == ""
    assert content.fault(pixels.copy()) == "frozen"
    other = pixels.copy()
    other[-1, -1, -1] ^= 1
    assert content.fault(other) == ""
    assert content.fault(np.ascontiguousarray(other[:100])) == ""


def test_same_bytes_of_a_stream_whose_time_went_on_are_no_freeze() -> None:
    content, pixels = Content(), noisy(100, 60, 0)
    pixels[:, :160] //= 2
    assert content.fault(pixels, proven_new=True) == ""
    assert content.fault(pixels.copy(), proven_new=True) == ""
    assert content.fault(pixels.copy()) == "frozen"  # its time stood still


# Watchdog


def seconds(value: float) -> int:
    return int(value * SECOND_NS)


def watched(*captured_s: float, fps: float = 0, pace: Pace | None = None) -> Watchdog:
    """A watchdog over a camera that gave frames at these moments, and was asked for the next."""
    pace = pace or Pace(seconds(1 / fps) if fps else 0)
    dog = Watchdog(0, pace)
    dog.opened(0, live=True)
    for index, moment in enumerate(captured_s):
        pace.frame(seconds(moment), index)
        dog.good(seconds(moment))
        dog.waiting(seconds(moment))
    return dog


def limit_s(dog: Watchdog, since_s: float) -> float:
    """After how many seconds from `since_s` on the watchdog barks, to a tenth."""
    return next(n / 10 for n in range(10_000) if dog.verdict(seconds(since_s + n / 10)))


def test_no_frame_for_two_seconds_once_a_fast_camera_runs() -> None:
    pace = Pace()
    dog = Watchdog(0, pace)
    dog.opened(seconds(5), live=True)
    assert dog.verdict(seconds(24)) == ""  # a camera may take its time to start
    for index, moment in enumerate((24, 24.1)):
        pace.frame(seconds(moment), index)
        dog.good(seconds(moment))
        dog.waiting(seconds(moment))
    dog.waiting(seconds(25))  # asked again: it waits since the first time
    assert dog.verdict(seconds(26)) == ""
    assert dog.verdict(seconds(26.1)) == "no-frame"


def test_who_did_not_ask_has_not_waited() -> None:
    pace = Pace()
    dog = Watchdog(0, pace)
    dog.opened(0, live=True)
    for index, moment in enumerate((1, 1.1)):
        pace.frame(seconds(moment), index)
        dog.good(seconds(moment))
    assert dog.verdict(seconds(100)) == ""
    dog.waiting(seconds(100))
    assert dog.verdict(seconds(101.9)) == ""
    assert dog.verdict(seconds(102)) == "no-frame"


@pytest.mark.parametrize(
    ("captured_s", "allowed_s"),
    [
        ((0, 0.033, 0.066, 0.1), 2),
        ((0, 2.1, 4.2), 6.3),
        ((3, 8, 13, 18), 15),
        ((0, 5.5, 9, 15), 16.5),  # not to the second
        ((0, 0.25, 0.5, 1.75, 2, 2.25), 2),  # one hiccup does not make it slow
        ((*(n / 30 for n in range(30)), *(1 + 3 * n for n in range(1, 9))), 9),  # by night
        ((0, 0.25, 0.5, 5, 5.25, 5.5, 10, 10.25), 13.5),  # three at a time
    ],
)
def test_pace_of_a_camera_is_learned(captured_s: tuple[float, ...], allowed_s: float) -> None:
    assert limit_s(watched(*captured_s), captured_s[-1]) == pytest.approx(allowed_s, abs=0.1)


def test_frames_that_a_slow_loop_passed_over_count() -> None:
    pace = Pace()
    dog = Watchdog(0, pace)
    dog.opened(0, live=True)
    for moment in (0, 1, 2):
        pace.frame(seconds(moment), 30 * moment)
        dog.good(seconds(moment))
        dog.waiting(seconds(moment))
    assert limit_s(dog, 2) == 2


def test_second_frame_is_waited_for_since_nobody_knows_when_it_is_due() -> None:
    pace = Pace()
    assert [limit_s(watched(1, pace=pace), 1) for _ in range(4)] == [20, 40, 50, 50]
    dog = watched(1, pace=pace)
    assert dog.knows_no_pace
    pace.frame(seconds(49), 1)
    dog.good(seconds(49))
    dog.waiting(seconds(49))
    assert limit_s(dog, 49) == 144 and not dog.knows_no_pace


def test_camera_known_to_be_slow_is_given_time_to_start_again() -> None:
    pace = Pace()
    watched(0, 15, 30, pace=pace)
    assert limit_s(watched(pace=pace), 0) == 45


def test_pace_that_was_given_is_the_least_that_is_allowed() -> None:
    assert limit_s(watched(fps=0.01), 0) == 300
    assert limit_s(watched(0, fps=0.01), 0) == 300
    assert limit_s(watched(0, 100, fps=0.01), 100) == 300
    assert limit_s(watched(0, 3, 6, fps=30), 6) == 9  # it promised more than it holds


def test_never_started_is_no_frame_too() -> None:
    assert Watchdog(0).verdict(seconds(19)) == ""
    assert Watchdog(0).verdict(seconds(20)) == "no-frame"


def test_fault_must_last_two_seconds_and_the_newest_is_named() -> None:
    dog = Watchdog(0)
    dog.opened(0, live=True)
    dog.good(seconds(1))
    dog.bad("frozen", seconds(1.1))
    dog.good(seconds(2))
    dog.bad("frozen", seconds(2.5))
    dog.bad("black", seconds(4.4))
    assert dog.verdict(seconds(3.9)) == ""
    assert dog.verdict(seconds(4.5)) == "black"


def test_damaged_frames_are_given_time_until_the_next_keyframe() -> None:
    dog = Watchdog(0)
    dog.opened(0, live=True)
    dog.good(seconds(1))
    dog.waiting(seconds(1))
    dog.bad("damaged", seconds(1.1))
    assert dog.verdict(seconds(12.9)) == ""
    assert dog.verdict(seconds(13.1)) == "damaged"


def test_who_sets_the_pace_says_when_to_expect_a_frame() -> None:
    dog = watched(0.9, 1)
    dog.due(seconds(5))
    assert dog.verdict(seconds(6.9)) == ""
    assert dog.verdict(seconds(7)) == "no-frame"


def test_backoff_grows_to_half_a_minute_and_begins_anew_after_a_steady_while() -> None:
    backoff = Backoff()
    delays = [backoff.next_ns(seconds(1)) / SECOND_NS for _ in range(9)]
    assert delays == [0, 1, 2, 4, 8, 16, 30, 30, 30]
    assert backoff.next_ns(seconds(31)) == 0
