"""The parts of the capture that need no process."""

from __future__ import annotations

import os
import socket

import numpy as np
import pytest

from edgefmnist.camera.capture import messages
from edgefmnist.camera.capture.content import Content
from edgefmnist.camera.capture.messages import Ended, Failed, Given, Nothing, Opened
from edgefmnist.camera.capture.pixels import SharedPixels
from edgefmnist.camera.capture.watchdog import SECOND_NS, Backoff, Watchdog
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


def test_no_frame_for_two_seconds_after_the_first() -> None:
    dog = Watchdog(0)
    dog.opened(seconds(5), live=True)
    assert dog.verdict(seconds(24)) == ""  # a camera may take its time to start
    dog.good(seconds(24))
    dog.waiting(seconds(24))
    dog.waiting(seconds(25))  # asked again: it waits since the first time
    assert dog.verdict(seconds(25.9)) == ""
    assert dog.verdict(seconds(26)) == "no-frame"


def test_who_did_not_ask_has_not_waited() -> None:
    dog = Watchdog(0)
    dog.opened(0, live=True)
    dog.good(seconds(1))
    assert dog.verdict(seconds(100)) == ""
    dog.waiting(seconds(100))
    assert dog.verdict(seconds(101.9)) == ""
    assert dog.verdict(seconds(102)) == "no-frame"


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
    dog = Watchdog(0)
    dog.opened(0, live=True)
    dog.good(seconds(1))
    dog.waiting(seconds(1))
    dog.due(seconds(5))
    assert dog.verdict(seconds(6.9)) == ""
    assert dog.verdict(seconds(7)) == "no-frame"


def test_slow_camera_is_given_three_of_its_frames() -> None:
    dog = Watchdog(0, frame_ns=seconds(5))
    dog.opened(0, live=True)
    dog.good(seconds(1))
    dog.waiting(seconds(1))
    assert dog.verdict(seconds(15)) == ""
    assert dog.verdict(seconds(16)) == "no-frame"


def test_backoff_grows_to_half_a_minute_and_begins_anew_after_a_steady_while() -> None:
    backoff = Backoff()
    delays = [backoff.next_ns(seconds(1)) / SECOND_NS for _ in range(9)]
    assert delays == [0, 1, 2, 4, 8, 16, 30, 30, 30]
    assert backoff.next_ns(seconds(31)) == 0
