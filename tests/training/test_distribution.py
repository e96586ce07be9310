"""Two real processes train together and end where one alone would."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.errors import UsageError
from edgefmnist.training.records import Cluster
from tests.conftest import RunCli, assert_one_line

SCRIPT = Path(__file__).parent / "short_training.py"
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed (extra: distributed)"
)


def _start(out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(out), "--learning-rate", "3e-4", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )  # fmt: skip


def _start_two(out: Path, *options: str) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    first, second = (
        _start(out, "--distribute", address, "--process", str(number), *options)
        for number in (0, 1)
    )
    return first, second


def _finish(process: subprocess.Popen[str]) -> str:
    told, wrong = process.communicate(timeout=300)
    assert process.returncode == 0, wrong
    return told


def _weights(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    from edgefmnist.quantization.convert import load_keras

    return np.concatenate([weight.ravel() for weight in load_keras(path).get_weights()])


def _assert_close(a: Path, b: Path) -> None:
    """The same but for the order of sums.

    At this learning rate a change in the last bit of the first weights grows to 0.0007, and a
    training on one process's half of the pictures ends 0.017 away. At the recipe's own the last bit
    alone grows to 0.03.
    """
    ours, theirs = _weights(a / "model.keras"), _weights(b / "model.keras")
    apart = np.abs(ours - theirs).mean() / np.abs(theirs).mean()
    assert apart < 0.006


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone")
    _finish(_start(out))
    return out


@needs_jax
@pytest.mark.slow
def test_two_processes_end_where_one_does(alone: Path, tmp_path: Path) -> None:
    told = [_finish(process) for process in _start_two(tmp_path)]
    assert told[0] == told[1] and "right " in told[0]
    _assert_close(tmp_path, alone)
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {path.name for path in alone.iterdir()}


@needs_jax
@pytest.mark.slow
def test_a_killed_worker_ends_the_run_and_the_checkpoint_goes_on(
    alone: Path, tmp_path: Path
) -> None:
    first, second = _start_two(tmp_path)
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("step 2 3"):
            second.send_signal(signal.SIGKILL)
            break
    _, wrong = first.communicate(timeout=120)
    second.communicate(timeout=60)
    last = wrong.strip().splitlines()[-1]
    assert first.returncode == 1 and last.startswith("ProcessLost: ") and "--resume" in last
    assert "Traceback" not in wrong
    assert (tmp_path / "checkpoint-0001.keras").is_file()
    again = [_finish(process) for process in _start_two(tmp_path, "--resume")]
    assert again[0].startswith("started 2")
    _assert_close(tmp_path, alone)


def test_parts_are_even_and_leave_no_row_out_twice() -> None:
    rows = np.arange(11)
    parts = [
        Cluster(coordinator="a:1", processes=3, process=number).part(rows) for number in range(3)
    ]
    assert [len(part) for part in parts] == [3, 3, 3]
    assert sorted(np.concatenate(parts)) == list(range(9))


@pytest.mark.parametrize(
    ("coordinator", "process", "named"),
    [("nowhere", 0, "HOST:PORT"), (":80", 0, "HOST:PORT"), ("a:0", 0, "HOST:PORT"),
     ("a:99999", 0, "HOST:PORT"), ("a:80", 2, "--process 2")],
)  # fmt: skip
def test_a_senseless_cluster_is_refused(coordinator: str, process: int, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Cluster(coordinator=coordinator, processes=2, process=process)


def test_another_backend_is_refused(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli(
        "train", "--distribute", "127.0.0.1:4711", "--processes", "2", "--out", str(tmp_path / "x")
    )
    assert_one_line(done, 2, "KERAS_BACKEND=jax")
    assert not (tmp_path / "x").exists()
