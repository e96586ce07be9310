"""``train --set``: one parser with the sweep, recorded, and part of what a training is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgefmnist.errors import UsageError
from edgefmnist.quantization.source import read_source
from edgefmnist.training.settings import read
from tests.conftest import RunCli, assert_one_line

# All but 2,000 pictures are held out, so that an epoch takes a second.
SHORT = ("train", "--recipe", "seed-1", "--epochs", "1", "--set", "validation_count=58000")


@pytest.mark.parametrize("asked", ["epochs", "epochs=", "=3", "batch_size=1,2"])
def test_one_field_has_one_value(asked: str) -> None:
    with pytest.raises(UsageError, match="give FIELD=VALUE, one value"):
        read([asked])
    with pytest.raises(UsageError, match="twice"):
        read(["epochs=3", "epochs=4"])


@pytest.mark.slow
def test_what_was_set_is_trained_and_recorded(run_cli: RunCli, tmp_path: Path) -> None:
    out = tmp_path / "a run"
    done = run_cli(*SHORT, "--set", "learning_rate=2e-3", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["settings"] == {"validation_count": "58000", "learning_rate": "2e-3"}
    assert result["recipe"]["learning_rate"] == 2e-3 and result["validation_count"] == 58_000
    assert read_source(out).settings == result["settings"]
    files = ", ".join(f"{out}/{name}" for name in (
        "model.keras", "history.json", "curves.png", "confusion.png", "result.json"
    ))  # fmt: skip
    assert done.stderr.splitlines()[-2:] == [
        f"written: {files}", f"next: edgefmnist quantize '{out}'"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--set", "lr=1"), "no such field"),
        (("--set", "learning_rate=1,2"), "one value"),
        (("--set", "epochs=3", "--epochs", "3"), "leave one out"),
    ],
)
def test_what_cannot_be_set_is_said_at_once(
    run_cli: RunCli, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = run_cli("train", "--out", tmp_path / "out", *words)
    assert_one_line(done, 2, told)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["train", "sweep", "quantize"])
def test_an_output_that_cannot_be_written_fails_before_the_work(
    run_cli: RunCli, tmp_path: Path, command: str
) -> None:
    """Nothing is loaded first: neither Keras nor the data, which are not there."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "model.keras").write_text("never read")
    words = {
        "train": (), "sweep": ("--seeds", "2"), "quantize": (tmp_path / "model.keras",),
    }[command]  # fmt: skip
    missing = {"EDGEFMNIST_DATA": str(tmp_path / "none"), "KERAS_BACKEND": "none"}
    done = run_cli(command, *words, "--out", tmp_path / "file" / "run", env=missing)
    assert_one_line(done, 2, "cannot write", "file/run" if command != "quantize" else "file")
