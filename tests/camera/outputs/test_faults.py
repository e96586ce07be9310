"""Full disks, readers that go away: the run goes on, and what it writes stays whole."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgefmnist.camera.events import CameraEvent, Sink, State, Status
from edgefmnist.camera.fanout import Fanout
from tests.camera.outputs.conftest import Run, event, rows, status, wait_for
from tests.conftest import RunCli

DEMO = ("camera", "--source", "demo", "--frames", "30")


def test_disk_fills_and_has_room_again(camera: Callable[..., Run], tmp_path: Path) -> None:
    """stdout, log and saved frames at once, in the real program, whose limit is lifted later."""
    saved = tmp_path / "saved"
    run = camera(
        *("--jsonl", "--every-frame", "--log", str(tmp_path / "log")),
        *("--save-uncertain", str(saved)),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY)),
    )
    for sink in ("stdout", "log", "saved frames"):
        wait_for(lambda told=f"{sink}: ": told in run.told(), sink)
    assert not list(saved.glob("*.jpg"))
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    for sink in ("stdout", "log", "saved frames"):
        wait_for(lambda told=f"{sink}: works again": told in run.told(), sink)
    wait_for(lambda: run.out.stat().st_size > 6000)
    told = run.stop()
    for sink, file in (("stdout", run.out), ("log", tmp_path / "log")):
        frames = [row["frame"] for row in rows(file) if row["event"] != "state"]
        assert frames == sorted(set(frames))
        lost = frames[-1] + 1 - len(frames)
        assert (f"{sink}: {lost} line" in told) if lost else ("lost" not in told)
    assert list(saved.glob("*.jpg")) and not list(saved.glob(".*"))


@pytest.mark.parametrize("words", [("--jsonl",), ()])
def test_stdout_full_from_the_start(run_cli: RunCli, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "edgefmnist", *DEMO, *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
        assert done.returncode == 0
        assert "Traceback" not in done.stderr and "Exception" not in done.stderr
        assert "stdout: No space left on device" in done.stderr
        assert "stdout: works again" not in done.stderr
        assert "lines were lost" in done.stderr
        both = subprocess.run(command, stdout=full, stderr=full, timeout=120)
        assert both.returncode == 0
        wrong = [*command[:3], "camera", "--source", "nonsense"]
        assert subprocess.run(wrong, stdout=full, stderr=full, timeout=120).returncode == 2


@pytest.mark.parametrize("words", ["--jsonl --every-frame", ""])
def test_reader_that_has_seen_enough_ends_the_run(words: str) -> None:
    command = f"{sys.executable} -m edgefmnist camera --source demo {words} | head -n 1"
    shell = ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_started_without_stdout_or_stderr_it_runs(tmp_path: Path) -> None:
    command = f"{sys.executable} -m edgefmnist {' '.join(DEMO)} --log {tmp_path}/log >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], timeout=120).returncode == 0
    assert rows(tmp_path / "log")


class Failing:
    """A sink that fails as it is told to."""

    name = "failing"

    def __init__(self) -> None:
        self.error: OSError | None = None

    def on_event(self, event: CameraEvent) -> None:
        if self.error is not None:
            raise self.error

    def on_status(self, status: Status) -> None:
        self.on_event(event())

    def close(self) -> None:
        self.on_status(status(State.LIVE))


def test_fanout_tells_each_kind_of_trouble_once_and_keeps_the_others() -> None:
    told: list[str] = []

    def on_trouble(sink: Sink, error: OSError | None, missed: int) -> None:
        told.append(f"{sink.name} {error}")

    failing, fine = Failing(), Failing()
    fanout = Fanout([failing, fine], on_trouble)
    for error in (None, OSError(28, "full"), OSError(28, "full, too"), OSError(5, "broken"), None):
        failing.error = error
        fanout.event(event())
    assert told == ["failing [Errno 28] full", "failing [Errno 5] broken", "failing None"]
    failing.error = ConnectionError("gone")
    fanout.close()
    assert told[-1] == "failing gone"
    failing.error = BrokenPipeError()
    with pytest.raises(BrokenPipeError):
        fanout.event(event())


def test_a_sink_that_fails_and_works_in_turns_does_not_fill_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    told: list[tuple[float, bool, int]] = []
    flapping = Failing()
    fanout = Fanout(
        [flapping], lambda _, error, missed: told.append((clock[0], error is None, missed))
    )
    for second in range(1, 601):
        clock[0] = float(second)
        flapping.error = ConnectionError(107, "lost") if second % 4 < 2 else None
        fanout.event(event())
    assert [works for _, works, _ in told[:4]] == [False, True, False, True]
    assert len(told) <= 4 + 10  # and one a minute
    assert all(missed > 10 for _, _, missed in told[4:])
    flapping.error = None
    clock[0] += 200
    fanout.event(event())
    assert told[-1][1]  # in the end it is told how it is
