"""``edgefmnist camera`` as a process, while its camera fails and when it is told to stop."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.camera.capture.conftest import Camera, children
from tests.conftest import assert_one_line

BOUND_S = 120  # for anything that takes a moment on a machine with nothing else to do


class Running:
    """The command, and the JSON objects that it printed so far."""

    def __init__(self, words: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edgefmnist", "camera", "--jsonl", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | env,
        )
        self.rows: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def until(self, **wanted: object) -> dict[str, Any]:
        """Wait for an object, printed after the last one waited for, that has `wanted`."""
        end = time.monotonic() + BOUND_S
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                row = json.loads(self._lines.get(timeout=0.2))
                self.rows.append(row)
                if wanted.items() <= row.items():
                    return row
        raise AssertionError(f"no {wanted}; printed: {self.rows[-5:]}")

    def terminated(self) -> str:
        """Send SIGTERM, wait for the end and return what was on stderr."""
        pids = children(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=BOUND_S)
        assert self.process.returncode == 0, errors
        end = time.monotonic() + 5
        while any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        assert "Traceback" not in errors
        return errors


Run = Callable[..., Running]


@pytest.fixture
def run(small_model: Path) -> Iterator[Run]:
    """Start commands, which end with the test."""
    started: list[Running] = []

    def start(*words: str, **env: str) -> Running:
        started.append(Running(["--model", str(small_model), *words], env))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_states_are_told_on_stdout_and_stderr(camera: Camera, run: Run) -> None:
    running = run("--source", camera.url)
    running.until(event="state", state="starting")
    running.until(event="state", state="live")
    running.until(event="label")
    (child,) = children(running.process.pid)
    os.kill(child, signal.SIGKILL)
    assert "SIGKILL" in running.until(event="state", state="stale", fault="ended")["detail"]
    running.until(event="state", state="restarting", restarts=1)
    running.until(event="state", state="live", restarts=1)
    errors = running.terminated()
    assert "camera stale" in errors and "camera live" in errors


def test_terminated_while_starting(camera: Camera, run: Run) -> None:
    camera.mode = "stall"
    running = run("--source", camera.url)
    end = time.monotonic() + BOUND_S
    while not children(running.process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)
    running.terminated()


def test_terminated_while_live(camera: Camera, run: Run) -> None:
    running = run("--source", camera.url)
    running.until(event="label")
    running.terminated()


def test_terminated_while_reading_hangs(camera: Camera, run: Run) -> None:
    running = run("--source", camera.url)
    running.until(event="label")
    (child,) = children(running.process.pid)
    os.kill(child, signal.SIGSTOP)
    running.terminated()


def test_terminated_while_waiting_to_start_again(camera: Camera, run: Run) -> None:
    running = run("--source", camera.url)
    running.until(event="label")
    camera.close()
    for _ in range(3):
        running.until(event="state", state="restarting")
    running.terminated()


def test_the_loop_killed_leaves_no_capture_process(camera: Camera, run: Run) -> None:
    running = run("--source", camera.url)
    running.until(event="label")
    (child,) = children(running.process.pid)
    running.process.kill()
    running.process.wait()
    end = time.monotonic() + BOUND_S
    while _runs(child) and time.monotonic() < end:
        time.sleep(0.1)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_vanished_for_good_exits_6(camera: Camera, run: Run) -> None:
    running = run("--source", camera.url, "--give-up-after", "3")
    running.until(event="label")
    camera.close()
    running.until(event="state", state="failed")
    _, errors = running.process.communicate(timeout=BOUND_S)
    done = subprocess.CompletedProcess([], running.process.returncode, "", errors)
    assert_one_line(done, 6, "--give-up-after", "gave no good frame for 3 s")


@pytest.fixture
def clock(tmp_path: Path) -> dict[str, str]:
    """The environment of a program whose clock is off by what the file STEPPED_CLOCK says."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler, to make a clock that can be set")
    library, offset = tmp_path / "stepped_clock.so", tmp_path / "offset"
    source = Path(__file__).parent / "stepped_clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    offset.write_text("0")
    return {"LD_PRELOAD": str(library), "STEPPED_CLOCK": str(offset)}


def test_clock_that_steps_is_not_noticed(camera: Camera, run: Run, clock: dict[str, str]) -> None:
    running = run("--source", camera.url, "--every-frame", **clock)
    running.until(event="frame")
    first = len(running.rows)
    for days in (3, -400):
        Path(clock["STEPPED_CLOCK"]).write_text(str(days * 86_400))
        for _ in range(80):  # over three seconds
            running.until(event="frame")
    times = {row["time"][:10] for row in running.rows[first:]}
    assert len(times) >= 2  # the clock did step: in three days, more than a year ago
    assert [row for row in running.rows[first:] if row["event"] == "state"] == []
    running.terminated()
