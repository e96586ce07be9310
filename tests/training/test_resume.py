"""A training that was killed, interrupted or repeated ends in the same weights."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.training import recipes
from tests.conftest import RunCli, assert_one_line

SCRIPT = Path(__file__).parent / "short_training.py"


def _train(out: Path, *options: str) -> None:
    command = [sys.executable, str(SCRIPT), str(out), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def _train_until(out: Path, moment: str, *options: str) -> None:
    """Start a training and kill -9 it as soon as it prints `moment`."""
    command = [sys.executable, str(SCRIPT), str(out), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == moment:
                child.kill()
                break
        assert child.wait(timeout=60) == -signal.SIGKILL


def _weights(out: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(out / "model.keras", compile=False).get_weights()


def _assert_same_weights(a: Path, b: Path) -> None:
    ours, theirs = _weights(a), _weights(b)
    assert len(ours) == len(theirs) > 0
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("uninterrupted")
    _train(out)
    return out


@pytest.mark.slow
def test_killed_twice_and_resumed_ends_in_the_same_weights(
    uninterrupted: Path, tmp_path: Path
) -> None:
    _train_until(tmp_path, "step 1 4")
    _train_until(tmp_path, "step 3 2", "--resume")
    _train(tmp_path, "--resume")
    _assert_same_weights(uninterrupted, tmp_path)
    told = [json.loads((out / "history.json").read_text()) for out in (uninterrupted, tmp_path)]
    for ours, theirs in zip(*told, strict=True):
        assert ours["val_loss"] == theirs["val_loss"]


@pytest.mark.slow
def test_dropout_goes_on_where_it_was(tmp_path: Path) -> None:
    options = ("--recipe", "seed-1", "--epochs", "2")  # seed-1 has dropout, edge has none
    _train(tmp_path / "whole", *options)
    _train_until(tmp_path / "killed", "step 2 3", *options)
    _train(tmp_path / "killed", "--resume", *options)
    _assert_same_weights(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    uninterrupted: Path, tmp_path: Path
) -> None:
    _train(tmp_path / "same")
    _assert_same_weights(uninterrupted, tmp_path / "same")
    _train(tmp_path / "other", "--seed", "8")
    pairs = zip(_weights(uninterrupted), _weights(tmp_path / "other"), strict=True)
    assert any(not np.array_equal(mine, other) for mine, other in pairs)


@pytest.mark.slow
def test_a_finished_training_leaves_its_files_and_no_checkpoint(uninterrupted: Path) -> None:
    assert {path.name for path in uninterrupted.iterdir()} == {
        "model.keras",
        "history.json",
        "result.json",
        "curves.png",
        "confusion.png",
    }


def test_ctrl_c_keeps_a_checkpoint_and_exits_130(run_cli: RunCli, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgefmnist", "train", "--recipe", "seed-1", "--epochs", "2"]
    command += ["--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        said = ""
        for line in child.stderr:
            said += line
            if line.startswith("epoch 1/2"):
                child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == 130
    assert "Traceback" not in said
    assert "--resume" in said
    state = json.loads((tmp_path / "run" / "checkpoint.json").read_text())
    assert len(state["history"]) == 1

    again = run_cli("train", "--recipe", "seed-1", "--epochs", "2", "--out", tmp_path / "run")
    assert_one_line(again, 2, "unfinished", "--resume")
    other = run_cli(
        "train", "--recipe", "seed-2", "--epochs", "2", "--out", tmp_path / "run", "--resume"
    )
    assert_one_line(other, 2, "recipe seed-1")
    spoiled = tmp_path / "spoiled"
    shutil.copytree(tmp_path / "run", spoiled)
    recipes.get("seed-1").build().save(spoiled / state["model"])  # a model, and no checkpoint
    refused = run_cli("train", "--recipe", "seed-1", "--epochs", "2", "--out", spoiled, "--resume")
    assert_one_line(refused, 5, "is no checkpoint")
    elsewhere = json.dumps({**state, "model": str(tmp_path / "run" / state["model"])})
    (spoiled / "checkpoint.json").write_text(elsewhere)
    refused = run_cli("train", "--recipe", "seed-1", "--epochs", "2", "--out", spoiled, "--resume")
    assert_one_line(refused, 5, "checkpoint.json is damaged")
    for later in ("start", "photos"):  # as a version wrote it that knew neither
        del state[later]
    del state["settings"]["weight_decay"]
    (tmp_path / "run" / "checkpoint.json").write_text(json.dumps(state))
    more = run_cli(
        *("train", "--recipe", "seed-1", "--epochs", "2", "--out", tmp_path / "run"),
        *("--resume", "--json"),
    )
    assert more.returncode == 0, more.stderr
    result = json.loads(more.stdout)
    assert result["test"]["total"] == 10_000
    assert result["test"]["accuracy"] > 0.8
    assert set(result["test"]["per_class"]["Ankle boot"]) == {
        *("precision", "recall", "f1", "support"),
    }
