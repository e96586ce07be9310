"""Real sweeps on a real Ray, of trainings on few pictures."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgefmnist.errors import MissingDependency
from tests.conftest import RunCli, assert_one_line

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed (extra: distributed)"
)
# All but 4,000 pictures are held out, so that a trial takes two seconds.
SHORT = ("sweep", "--recipe", "seed-1", "--epochs", "1", "--cpus", "1", "--json")
# Else Ray takes a loopback address for this machine's outer one, where the test does not listen.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
FEW = ("--set", "validation_count=56000")


@needs_ray
@pytest.mark.slow
def test_a_sweep_ranks_goes_on_and_tells_what_failed(run_cli: RunCli, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path))
    first = run_cli(*SHORT, *FEW, "--set", "learning_rate=0,2e-3", *out)
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    learned, not_learned = told["ranked"]
    assert learned["name"].endswith("learning_rate=2e-3") and learned["val_accuracy"] > 0.4
    assert not_learned["val_accuracy"] < 0.35
    assert told["cost"] == "seconds" and told["standard_error"] == pytest.approx(0.002, abs=1e-3)
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert "Trials: 2" in first.stderr and "Traceback" not in first.stderr
    assert re.search(r"roughly \d+ to \d+ minutes", first.stderr)

    # The line that it prints trains the very same model.
    assert f"next: {learned['command']}" in first.stderr
    alone = run_cli(*shlex.split(learned["command"])[1:], "--out", tmp_path / "alone", "--json")
    assert json.loads(alone.stdout)["validation_accuracy"] == learned["val_accuracy"]

    wider = run_cli(
        *SHORT, "--set", "validation_count=56000,60001", "--set", "learning_rate=0,2e-3", *out
    )
    assert wider.returncode == 0, wider.stderr
    assert "recorded already: 2" in wider.stderr
    assert "choose between 1 and 59999" in wider.stderr and "Traceback" not in wider.stderr
    told = json.loads(wider.stdout)
    assert len(told["failed"]) == 2
    assert [one["val_accuracy"] for one in told["ranked"]] == [
        learned["val_accuracy"],
        not_learned["val_accuracy"],
    ]
    recorded = json.loads((tmp_path / "sweep.json").read_text())["trials"]
    assert len(recorded) == 4 and not any("test" in key for row in recorded for key in row)


@needs_ray
@pytest.mark.slow
def test_all_trials_failed_is_an_error(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli(*SHORT, "--set", "validation_count=60001", "--out", str(tmp_path))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("edgefmnist: no trial ended well")


@pytest.fixture
def cluster() -> Iterator[str]:
    """Address of a Ray head that runs as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).parent / "ray"
    head = subprocess.Popen(
        [str(program), "start", "--head", "--block", "--num-cpus=1", f"--port={port}",
         "--node-ip-address=127.0.0.1", "--include-dashboard=false", "--disable-usage-stats"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | LOOPBACK,
    )  # fmt: skip
    try:
        for _ in range(60):
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        time.sleep(5)  # its address is there before its workers are
        yield f"127.0.0.1:{port}"
    finally:
        head.terminate()
        head.wait(60)


@needs_ray
@pytest.mark.slow
def test_a_running_cluster_does_the_trials(run_cli: RunCli, cluster: str, tmp_path: Path) -> None:
    done = run_cli(*SHORT, *FEW, "--address", cluster, "--out", str(tmp_path), env=LOOPBACK)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ranked"][0]["val_accuracy"] > 0.4
    again = run_cli(
        *SHORT, "--set", "validation_count=55000", "--address", cluster, "--cpus", "2",
        "--out", str(tmp_path), env=LOOPBACK,
    )  # fmt: skip
    assert again.returncode == 2
    assert "the cluster has 1" in again.stderr  # the one that was named, not a new one


@needs_ray
def test_no_cluster_at_the_address_is_said(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli(*SHORT, *FEW, "--address", "127.0.0.1:1", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "ray start --head" in done.stderr.splitlines()[-1]


def test_a_sweep_of_nothing_starts_nothing(run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli("sweep", "--out", tmp_path / "out")
    assert_one_line(done, 2, "--set", "--seeds")
    assert not (tmp_path / "out").exists()


def test_a_wrong_setting_is_said_before_anything_is_loaded(run_cli: RunCli) -> None:
    assert_one_line(run_cli("sweep", "--set", "lr=1"), 2, "--set lr", "learning_rate")


def test_without_ray_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    from edgefmnist.frameworks import require_keras

    require_keras()
    from edgefmnist.dataset import load
    from edgefmnist.sweep import trials
    from edgefmnist.sweep.records import SweepConfig
    from edgefmnist.sweep.variants import grid
    from edgefmnist.training.recipes import get

    config = SweepConfig(variants=grid(get("seed-1"), []), seeds=1, out=tmp_path)
    with pytest.raises(MissingDependency, match=r"edgefmnist\[distributed\]"):
        trials.run(config, [], load("test"), lambda *_: None, lambda _: None)
