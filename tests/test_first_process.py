"""The camera as a container's first process (PID 1), in a real PID namespace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
# A camera tool that starts another process, gives frames for a while and then no more.
TOOL = """#!/bin/sh
sleep 600 &
head -c 1382400 /dev/urandom
sleep 600
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def as_first(tmp_path: Path) -> Iterator[Start]:
    """Start the camera so that it is PID 1."""
    if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("this kernel refuses user and PID namespaces here")
    tool = tmp_path / "rpicam-vid"
    tool.write_text(TOOL, encoding="utf-8")
    tool.chmod(0o755)
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*UNSHARE, "--kill-child", sys.executable, "-m", "edgefmnist", "camera", *words],
            env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def below(pid: int) -> dict[int, str]:
    """State of each process under `pid`, by its number."""
    parents: dict[int, tuple[int, str]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(file.parent.name)] = int(fields[1]), fields[0]
    found: dict[int, str] = {}
    level = {pid}
    while level := {one for one, (parent, _) in parents.items() if parent in level} - found.keys():
        found |= {one: parents[one][1] for one in level}
    return found


def wait_for(line: str, process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    while line not in (read := process.stderr.readline()):
        assert read, f"ended before it said {line!r}"


def test_a_restart_leaves_no_zombie(as_first: Start) -> None:
    process = as_first("--source", "rpicam")
    for _ in range(2):
        wait_for("restarting", process)
        wait_for("live", process)
    deadline = time.monotonic() + 30  # the last ones killed may be a moment on their way
    while "Z" in (states := below(process.pid)).values() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert states and "Z" not in states.values()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_as_it_would_any_other(as_first: Start, number: int) -> None:
    """The kernel gives PID 1 no signal that it does not handle: `docker stop` would wait."""
    process = as_first("--source", "demo", "--jsonl", "--realtime")
    assert process.stdout is not None
    process.stdout.readline()
    first = min(below(process.pid))
    os.kill(first, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "classified" in errors


def test_its_exit_code_is_that_of_the_command(as_first: Start) -> None:
    process = as_first("--source", "nowhere/clip.mp4")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 5 and errors.count("\n") == 1
