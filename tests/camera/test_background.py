"""``edgefmnist camera`` with a learned background, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.background import learn
from edgefmnist.camera.events import State, Status
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.errors import BadInput
from edgefmnist.preprocess.background_file import load
from edgefmnist.preprocess.learning import LEARN_FRAMES
from edgefmnist.records import Frame
from tests.conftest import RunCli, assert_one_line

Words = tuple[str, ...]


@pytest.fixture(scope="module")
def learned_file(tmp_path_factory: pytest.TempPathFactory, run_cli: RunCli) -> Path:
    """The background of demo:fixed:3, learned by the command in a folder of its own."""
    folder = tmp_path_factory.mktemp("learned")
    done = run_cli(
        *("camera", "--source", "demo:fixed:3", "--learn-background", "--frames", "60"), cwd=folder
    )
    assert done.returncode == 0, done.stderr
    asked, told = done.stderr.splitlines()
    assert "keep the scene empty and still" in asked
    assert "saved in background.npz" in told
    return folder / "background.npz"


def test_learned_and_loaded_again_it_finds_garments(learned_file: Path, run_cli: RunCli) -> None:
    words = ("camera", "--source", "demo:fixed:3", "--frames", "100", "--jsonl", "--every-frame")
    done = run_cli(*words, env={"EDGEFMNIST_BACKGROUND": str(learned_file)})
    assert done.returncode == 0
    rows = [json.loads(line) for line in done.stdout.splitlines() if '"state"' not in line]
    assert len(rows) == 100
    assert all(row["background_fits"] for row in rows)
    assert all((row["box"] is None) is (row["true_label"] == "none") for row in rows)
    assert "no longer fits" not in done.stderr
    plain = run_cli(*words[:3], "--frames", "2", "--jsonl")
    assert "background_fits" not in plain.stdout


def test_another_scene_is_told_once_and_searched_without(
    learned_file: Path, run_cli: RunCli
) -> None:
    words = ("camera", "--source", "demo:fixed:9", "--frames", "120", "--jsonl", "--every-frame")
    done = run_cli(*words, "--background", str(learned_file))
    assert done.returncode == 0
    assert done.stderr.count("no longer fits the learned background") == 1
    rows = [json.loads(line) for line in done.stdout.splitlines() if '"state"' not in line]
    assert rows[0]["background_fits"] and not rows[-1]["background_fits"]
    assert all(row["box"] is None for row in rows if row["background_fits"])
    assert any(row["box"] for row in rows if not row["background_fits"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--source", "demo:fixed", "--background", "nowhere.npz"), 5, "no background at"),
        (("--source", "demo:fixed", "--background", "text.npz"), 5, "is damaged or no"),
        (("--source", "demo:fixed", "--background", "."), 2, "directory"),
        (
            (
                "--source",
                "demo:fixed:x",
            ),
            2,
            "demo:fixed:7",
        ),
        (("--source", "pictures", "--background", "text.npz"), 2, "a folder of pictures"),
        (("--source", "pictures", "--learn-background"), 2, "a folder of pictures"),
        (("--source", "short.avi", "--learn-background"), 5, "short.avi ended before"),
        (("--source", "short.avi", "--background", "learned"), 5, "of 640x480 and these are"),
        (
            ("--source", "demo:fixed", "--learn-background", "--background", "text.npz/x.npz"),
            2,
            "cannot write text.npz",
        ),
    ],
)
def test_what_cannot_run_is_told_in_one_line(
    run_cli: RunCli,
    learned_file: Path,
    video_file: Callable[..., Path],
    tmp_path: Path,
    words: Words,
    code: int,
    told: str,
) -> None:
    (tmp_path / "text.npz").write_text("text")
    (tmp_path / "learned").write_bytes(learned_file.read_bytes())
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "one.png"), np.zeros((48, 64, 3), np.uint8))
    video_file("short.avi", "MJPG", frames=5)
    done = run_cli("camera", *words, "--frames", "1", cwd=tmp_path)
    assert_one_line(done, code, told)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_learning_ends_at_once_and_writes_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "edgefmnist", "camera", "--learn-background"]
    with subprocess.Popen(
        [*command, "--source", "demo"],  # its grounds change: there is nothing to learn
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "keep the scene empty" in process.stderr.readline()
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and out == ""
    assert errors.count("\n") == 1 and "stopped before the background was learned" in errors
    assert list(tmp_path.iterdir()) == []


def unheard(status: Status) -> None:
    """Of no interest."""


class Repeated:
    """A capture that shows the same frames over and over."""

    live = True
    ended = False
    dropped = 0
    name = "a busy street"
    status = Status(state=State.LIVE, since_ns=0)

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames
        self._count = 0

    def take(self, timeout_s: float) -> tuple[Frame, int] | None:
        self._count += 1
        return self._frames[self._count % len(self._frames)], 0

    def close(self) -> None:
        pass


def test_a_scene_that_never_holds_still_is_given_up() -> None:
    demo = open_demo("demo:1")
    frames = list(islice(iter(demo.read, None), 40))
    seen: list[tuple[int, int]] = []
    with pytest.raises(BadInput, match=r"a busy street showed no still scene in 900 frames"):
        learn(Repeated(frames), lambda *now: seen.append(now), lambda: False, unheard)
    assert seen[0] == (1, LEARN_FRAMES) and seen[-1] == (LEARN_FRAMES, LEARN_FRAMES)


class Blind(Repeated):
    """Its frames show one color, so none is given."""

    def __init__(self) -> None:
        super().__init__([])

    def take(self, timeout_s: float) -> None:
        self.status = Status(state=State.STALE, fault="uniform", detail="one color", since_ns=1)


def test_what_ails_the_camera_meanwhile_is_passed_on() -> None:
    told: list[Status] = []
    stop = iter([False] * 5 + [True])
    learned = learn(Blind(), lambda *now: None, lambda: next(stop), told.append)
    assert learned is None
    assert "one color" in {status.detail for status in told}


def test_fixed_demo_begins_empty_and_keeps_its_ground(learned_file: Path) -> None:
    source = open_demo("demo:fixed:3")
    assert source.name == "demo:fixed:3"
    frames = list(islice(iter(source.read, None), 90))
    labels = [frame.true_label for frame in frames]
    assert set(labels[:60]) == {-1} and labels[60] != -1
    background = load(learned_file)
    found = [background.find(frame.pixels) is not None for frame in frames]
    assert found == [label != -1 for label in labels]
    again = open_demo("demo:fixed:3")
    for frame in frames[:65]:
        other = again.read()
        assert other is not None
        np.testing.assert_array_equal(frame.pixels, other.pixels)
