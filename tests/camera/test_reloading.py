"""A running camera takes another model on SIGHUP, and refuses one that is damaged."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.errors import BadModel
from edgefmnist.records import LABELS
from edgefmnist.runtime import probe, proof
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve, shipped
from tests import own_classes
from tests.conftest import needs_litert
from tests.runtime import hostile

BOUND_S = 60
COMMAND = (sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", "--realtime")


class Running:
    """The command without a terminal, and the lines it wrote to stderr so far."""

    def __init__(self, model: Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--jsonl", "--every-frame", "--model", str(model)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert "label" in "".join(self.process.stdout.readline() for _ in range(4))
        self.errors: list[str] = []
        self.lines, self.newest = 0, ""
        for drain in (self._drain, self._count):  # nobody may make the camera wait for room
            threading.Thread(target=drain, daemon=True).start()

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(iter(self.process.stderr.readline, ""))

    def _count(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.newest = line
            self.lines += 1

    def wait_for_frames(self, count: int) -> None:
        """Wait until so many more were classified."""
        wanted, end = self.lines + count, time.monotonic() + BOUND_S
        while self.lines < wanted:
            assert self.process.poll() is None and time.monotonic() < end, self.errors
            time.sleep(0.02)

    def reload(self) -> str:
        """Send SIGHUP and return the line that tells what came of it."""
        seen = len(self.errors)
        self.process.send_signal(signal.SIGHUP)
        return self.told(seen)

    def told(self, seen: int = 0) -> str:
        """The first line about models after the first `seen` lines."""
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


def test_a_bundle_with_other_classes_is_taken_and_given_back(
    running: Running, link: Path, own_bundle: Path
) -> None:
    point(link, str(own_bundle))
    assert running.reload().startswith("model: own, SHA-256 ")
    running.wait_for_frames(5)
    row = json.loads(running.newest)
    assert {one["label"] for one in row["top"]} <= set(own_classes.LABELS)
    assert row["announced"] in {*own_classes.LABELS, "unknown", None}
    point(link, "first")
    assert running.reload().startswith("model: tiny, SHA-256 ")
    running.wait_for_frames(5)
    assert {one["label"] for one in json.loads(running.newest)["top"]} <= set(LABELS)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(BOUND_S) == 0
    assert "Traceback" not in "".join(running.errors)


def edit(folder: Path, **fields: Any) -> None:
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(card | fields))


def special(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def instead(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return instead


def bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "golden.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("images.npy", "outputs.npy"):
            archive.writestr(name, bytes(300_000_000))


def golden(images: Any, outputs: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        np.savez(folder / "golden.npz", images=images, outputs=outputs)

    return write


BAD: dict[str, Callable[[Path], object]] = {
    "golden.npz is a FIFO": special("golden.npz", os.mkfifo),
    "golden.npz is endless": special("golden.npz", lambda path: path.symlink_to("/dev/zero")),
    "golden.npz unpacks to 600 MB": bomb,
    "golden.npz holds pickles": golden(np.array([{}], dtype=object), np.zeros((1, 10), np.int8)),
    "golden.npz of other types": golden(np.zeros((2, 28, 28), np.int64), np.zeros((2, 10))),
    "model.tflite is a FIFO": special("model.tflite", os.mkfifo),
    "model.tflite is a folder": special("model.tflite", os.mkdir),
    "model.json is a FIFO": special("model.json", os.mkfifo),
    "model.json leads to itself": special("model.json", lambda path: path.symlink_to(path)),
    "model.json of 120 MB": lambda folder: os.truncate(folder / "model.json", 120_000_000),
    "model.json nested deeply": lambda f: (f / "model.json").write_text("[" * 100_000),
    "no threshold": lambda folder: edit(folder, unknown_threshold=float("nan")),
    "other types": lambda folder: edit(folder, versions=5, other_seeds=[1], float_accuracy="x"),
    "escapes": lambda folder: edit(folder, recipe="\x1b[31mred", teachers={"a\nb": "c"}),
    "nothing there": shutil.rmtree,
}


def test_no_bad_bundle_ends_a_camera_or_makes_it_wait(running: Running, link: Path) -> None:
    folder = link.parent
    for number, (name, spoil) in enumerate(BAD.items()):
        bad = folder / str(number)
        shutil.copytree(shipped()["tiny"], bad)
        spoil(bad)
        point(link, bad.name)
        told = running.reload()
        assert "the one in use stays" in told, name
        assert told.isprintable() or told[:-1].isprintable(), name
        assert "Traceback" not in told and "defect" not in told, name
    running.wait_for_frames(5)
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    peak_kb = int(status.split("VmHWM:")[1].split()[0])
    assert peak_kb < 250_000
    point(link, "first")
    assert running.reload().startswith("model: tiny, SHA-256 ")


@needs_litert
@pytest.mark.parametrize("model", [hostile.crashing, hostile.badly_named])
def test_a_model_that_crashes_its_runtime(
    running: Running, link: Path, model: Callable[[], bytes]
) -> None:
    hostile.bundle_of(model(), link.parent / "bad")
    point(link, "bad")
    assert "the one in use stays" in running.reload()
    running.wait_for_frames(5)


def children_of(process: int) -> set[str]:
    """Modules of ours that child processes run."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    pids = [pid for task in tasks for pid in (task / "children").read_text().split()]
    words = [Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in pids]
    return {word.decode() for each in words for word in each if word.startswith(b"edgefmnist.")}


def wait_for_proof(running: Running, *, there: bool) -> None:
    end = time.monotonic() + BOUND_S
    while ("edgefmnist.runtime.proof" in children_of(running.process.pid)) is not there:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_proof_without_end_stops_neither_frames_nor_the_next_proof(
    running: Running, link: Path, endless_model: bytes
) -> None:
    hostile.bundle_of(endless_model, link.parent / "endless")
    point(link, "endless")
    for _ in range(3):
        running.process.send_signal(signal.SIGHUP)
        wait_for_proof(running, there=True)
        running.wait_for_frames(5)
    point(link, "first")
    assert running.reload().startswith("model: tiny, SHA-256 ")
    wait_for_proof(running, there=False)

    point(link, "endless")
    running.process.send_signal(signal.SIGHUP)
    wait_for_proof(running, there=True)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0  # half of what a proof may take
    assert [line for line in running.errors if line.startswith("model:")][1:] == []


def test_what_is_used_is_what_was_proven(tmp_path: Path) -> None:
    """The files change after the proof, and before its answer is taken."""
    folder = shutil.copytree(shipped()["tiny"], tmp_path / "bundle")
    proven = (folder / "model.tflite").read_bytes()
    one = proof.Proof(str(folder))
    with contextlib.closing(one):
        assert one._child.wait(BOUND_S) == 0
        for name in ("model.tflite", "model.json", "golden.npz"):
            (folder / name).write_bytes(b"changed")
        model = one.poll()
    assert model is not None and model.read() == proven
    expected = Classifier(resolve("tiny")).raw(np.zeros((1, 28, 28), np.uint8))
    np.testing.assert_array_equal(Classifier(model).raw(np.zeros((1, 28, 28), np.uint8)), expected)


def test_a_proof_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endless_model: bytes
) -> None:
    monkeypatch.setattr(probe, "LIMIT_S", 1)
    one = proof.Proof(str(hostile.bundle_of(endless_model, tmp_path / "bundle")))
    with contextlib.closing(one), pytest.raises(BadModel, match="did not run within"):
        while one.poll() is None:
            time.sleep(0.05)
    assert one._child.returncode is not None


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
