"""The soak follows the real command, and its bounds can break."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks.soak import judge, page, watch
from benchmarks.soak import run as soak
from benchmarks.soak.judge import Verdict
from benchmarks.soak.run import Run
from edgefmnist.errors import MissingDependency

pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None, reason="mosquitto is missing"
)

STAND_IN = Path(__file__).parent / "stand_in_camera.py"


def stand_in(mode: str, frames: int = 300) -> Run:
    command = (sys.executable, str(STAND_IN), mode)
    return soak.run((), frames, 10, lambda *_: None, ages=True, command=command)


def broken(verdicts: Sequence[Verdict]) -> set[str]:
    return {one.what.partition(" after")[0] for one in verdicts if not one.held}


@pytest.fixture
def sound() -> Run:
    return stand_in("sound")


def test_a_sound_command_breaks_only_what_it_does_not_do(sound: Run) -> None:
    assert sound.exit_code == 0 and sound.frames >= 300 and len(sound.samples) == 30
    # It has no outputs at all, and that is told.
    assert broken(judge.judge_long(sound, 300)) == {"outputs"}
    assert broken(judge.judge_ages(sound)) == {"outputs"}
    assert sound.ages_ms[0] == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(
    ("mode", "what"),
    [("memory", "resident memory"), ("files", "open files"), ("processes", "processes")],
)
def test_what_leaks_is_found(mode: str, what: str) -> None:
    run = stand_in(mode)
    try:
        assert what in broken(judge.judge_long(run, 300))
    finally:
        end(run)


def test_what_one_process_gives_back_does_not_hide_what_another_takes() -> None:
    def sample(at: int) -> watch.Sample:
        sizes = {"camera": 100_000_000 + 50_000 * at, "capture": 100_000_000 - 60_000 * at}
        held = [watch.Held(name=name, rss_bytes=size, files=5) for name, size in sizes.items()]
        return watch.Sample(frames=at, seconds=at, processes=dict(enumerate(held)))

    growth = judge.growth_bytes([sample(at) for at in range(100)])
    assert growth == {"together": -900_000, "camera": 4_500_000, "capture": -5_400_000}


def test_what_outlives_the_command_is_found() -> None:
    run = stand_in("orphan", 100)
    try:
        assert "processes left behind" in broken(judge.judge_long(run, 100))
    finally:
        end(run)


def end(run: Run) -> None:
    """End what the stand-in left behind, by id."""
    for told in run.left:
        os.kill(int(told.rpartition("(")[2].rstrip(")")), signal.SIGKILL)


def test_a_command_that_ends_early_is_told_with_its_words() -> None:
    run = stand_in("early")
    assert run.exit_code == 6 and "edgefmnist: no camera" in run.failures
    assert {"frames classified", "outputs"} <= broken(judge.judge_long(run, 300))


def test_old_frames_are_found() -> None:
    verdicts = judge.judge_ages(stand_in("old", 100))
    assert any("age of a frame" in one.what and not one.held for one in verdicts)


def test_the_page_says_what_broke(sound: Run, tmp_path: Path) -> None:
    verdicts = judge.judge_long(sound, 300)
    text = page.body(sound, sound, verdicts)
    assert "**Broken: outputs.**" in text and "| **no** |" in text
    assert "Every bound held." in page.body(sound, sound, verdicts[:2])
    page.plot(sound, tmp_path / "soak.png")
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
    page.record(sound, sound, tmp_path / "soak.json.gz")
    import gzip

    told = json.loads(gzip.decompress((tmp_path / "soak.json.gz").read_bytes()))
    assert len(told["full_speed"]["samples"]) == 30


def test_proc_is_read_as_it_is() -> None:
    sample = watch.look(os.getpid(), 5, 1.0)
    own = sample.processes[os.getpid()]
    assert own.rss_bytes > 10_000_000 and own.files >= 3
    with STAND_IN.open():
        assert watch.look(os.getpid(), 5, 1.0).processes[os.getpid()].files == own.files + 1


def test_a_page_that_two_processes_map_counts_once() -> None:
    words = [sys.executable, "-c", "import numpy; print('ready', flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes) as one, subprocess.Popen(words, **pipes) as other:
        for child in (one, other):
            assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        alone = watch.resident_bytes([one.pid])
        both = watch.resident_bytes([one.pid, other.pid])
        held = [watch.look(child.pid, 0, 0).rss_bytes for child in (one, other)]
        one.kill(), other.kill()
    assert watch.resident_bytes([one.pid]) == 0  # it is gone
    assert alone == pytest.approx(held[0], rel=0.02)
    assert alone < both < 0.9 * sum(held)


@pytest.fixture(scope="module")
def real() -> Iterator[Run]:
    yield soak.run(("--source", "demo"), 150, 3, lambda *_: None)


def test_the_real_command_runs_with_every_output_and_leaves_nothing(real: Run) -> None:
    assert real.exit_code == 0, real.failures
    found = broken(judge.judge_long(real, 150))
    # 150 frames say nothing about memory; all else must hold.
    assert found <= {"resident memory"}, judge.judge_long(real, 150)
    assert {held.name for held in real.samples[-1].processes.values()} == {"camera", "capture"}


def test_without_a_broker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.companions.shutil.which", lambda *_, **__: None)
    with pytest.raises(MissingDependency, match="apt install mosquitto"):
        stand_in("sound")
