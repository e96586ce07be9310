"""A running camera takes another model on SIGHUP, and refuses one that is damaged."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.runtime.models import shipped

BOUND_S = 60
COMMAND = (sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", "--realtime")


class Running:
    """The command without a terminal, and the lines it wrote to stderr so far."""

    def __init__(self, model: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--jsonl", "--model", str(model)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert "label" in "".join(self.process.stdout.readline() for _ in range(4))
        self.errors: list[str] = []
        threading.Thread(target=self._drain, daemon=True).start()
        # Nobody may make the camera wait for room in a pipe.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(iter(self.process.stderr.readline, ""))

    def reload(self) -> str:
        """Send SIGHUP and return the line that tells what came of it."""
        seen = len(self.errors)
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + BOUND_S
        while time.monotonic() < end and self.process.poll() is None:
            told = [line for line in self.errors[seen:] if line.startswith("model:")]
            if told:
                return told[0]
            time.sleep(0.05)
        raise AssertionError(f"exit code {self.process.poll()}: {self.errors}")


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A link to a copy of `tiny`, as the README has it."""
    shutil.copytree(shipped()["tiny"], tmp_path / "first")
    (tmp_path / "model").symlink_to("first")
    return tmp_path / "model"


@pytest.fixture
def running(link: Path) -> Iterator[Running]:
    one = Running(link)
    yield one
    one.process.kill()
    one.process.wait()


def point(link: Path, folder: str) -> None:
    """Let the link lead to another folder at one stroke."""
    new = link.with_name("model.new")
    new.symlink_to(folder)
    os.replace(new, link)


def test_a_sound_bundle_is_taken_and_a_damaged_one_refused(running: Running, link: Path) -> None:
    folder = link.parent
    shutil.copytree(shipped()["edge"], folder / "second")
    point(link, "second")
    assert running.reload().startswith("model: edge, SHA-256 ")

    shutil.copytree(shipped()["tiny"], folder / "torn")
    with (folder / "torn" / "model.tflite").open("r+b") as file:
        file.truncate(20_000)
    point(link, "torn")
    assert "stays" in (told := running.reload()) and "SHA-256" in told

    shutil.copytree(shipped()["tiny"], folder / "other")
    with np.load(folder / "other" / "golden.npz") as stored:
        images, outputs = stored["images"], stored["outputs"]
    np.savez_compressed(folder / "other" / "golden.npz", images=images, outputs=-1 - outputs)
    point(link, "other")
    assert "stays" in (told := running.reload()) and "golden vectors" in told

    link.unlink()
    assert "stays" in running.reload()

    link.symlink_to("first")
    assert running.reload().startswith("model: tiny, SHA-256 ")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(BOUND_S) == 0
    assert "Traceback" not in "".join(running.errors)


def test_a_camera_in_a_terminal_ends_when_that_is_closed(link: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores
        os.execv(sys.executable, [*COMMAND, "--jsonl", "--model", str(link)])
    read = b""
    while b'"label"' not in read:
        read += os.read(terminal, 4096)
    os.close(terminal)  # the kernel sends SIGHUP
    end = time.monotonic() + BOUND_S
    while time.monotonic() < end:
        done, _ = os.waitpid(pid, os.WNOHANG)
        if done:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("the camera outlived its terminal")
