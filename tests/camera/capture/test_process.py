"""A capture process, seen from the loop's side alone."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Iterator

import pytest

from benchmarks.soak import watch
from edgefmnist.camera.capture import messages
from edgefmnist.camera.capture.messages import Answer, Given, Nothing, Opened
from edgefmnist.camera.capture.process import CaptureProcess
from edgefmnist.camera.source import SourceConfig

BOUND_S = 60.0
DEMO = SourceConfig(uri="demo")


@pytest.fixture
def many_files() -> Iterator[None]:
    """More open files than select can tell apart."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 2000:
        pytest.skip("this machine allows fewer than 2,000 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 2000), limits[1]))
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(open(os.devnull))  # noqa: PTH123
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("many_files")
def test_frames_come_where_more_than_1024_files_are_open() -> None:
    process = CaptureProcess(DEMO)
    try:
        assert isinstance(process.answer(BOUND_S), Opened)
        given: Answer | None = Nothing(fault="", dropped=0)
        while isinstance(given, Nothing):  # a busy machine has none yet
            assert process.ask()
            given = process.answer(BOUND_S)
        assert isinstance(given, Given)
        assert process.pixels(given).shape == (480, 640, 3)
    finally:
        process.close()


def test_a_process_that_cannot_be_asked_is_not_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise BrokenPipeError("gone")

    before = set(watch.tree(os.getpid()))
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    monkeypatch.setattr(messages, "ask_to_open", refuse)
    with pytest.raises(BrokenPipeError):
        CaptureProcess(DEMO)
    end = time.monotonic() + BOUND_S
    while (left := watch.alive(set(watch.tree(os.getpid())) - before)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left
    assert len(os.listdir("/proc/self/fd")) <= files  # noqa: PTH208 (fewer: those of other tests)
