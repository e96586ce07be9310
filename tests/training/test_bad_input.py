"""Wrong words, no room, no framework: one line, the right code, nothing half-written."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.errors import CannotWrite
from edgefmnist.frameworks import require_keras
from tests.conftest import RunCli, assert_one_line


def test_unknown_recipe(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("train", "--recipe", "egde", "--out", tmp_path / "run")
    assert_one_line(result, 2, "egde", "did you mean edge")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("epochs", ["0", "-1", "many"])
def test_epochs_that_are_none(run_cli: RunCli, tmp_path: Path, epochs: str) -> None:
    result = run_cli("train", "--epochs", epochs, "--out", tmp_path / "run")
    assert_one_line(result, 2, "--epochs")
    assert not (tmp_path / "run").exists()


def test_resume_with_nothing_there(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("train", "--resume", "--out", tmp_path / "run")
    assert_one_line(result, 5, "nothing to resume", "without --resume")


def test_resume_of_a_damaged_checkpoint(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.json").write_text('{"recipe": "edge", "his')
    result = run_cli("train", "--resume", "--out", tmp_path)
    assert_one_line(result, 5, "checkpoint.json is damaged")


def test_out_that_is_a_file(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    result = run_cli("train", "--out", tmp_path / "taken" / "run")
    assert_one_line(result, 2, "cannot write", "taken")
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_out_without_permission(run_cli: RunCli, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    result = run_cli("train", "--out", tmp_path / "run")
    tmp_path.chmod(0o700)
    assert_one_line(result, 2, "cannot write", "Permission denied")


def test_no_room_for_the_checkpoint(run_cli: RunCli, tmp_path: Path) -> None:
    def small_files() -> None:  # a real refusal by the kernel, as a full disk gives
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    result = run_cli(
        *("train", "--recipe", "seed-1", "--epochs", "1", "--out", tmp_path / "run"),
        preexec_fn=small_files,
    )
    assert_one_line(result, 2, "no space left", "checkpoint-0000.keras")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("command", [("train",), ("quantize", "model.keras")])
def test_without_tensorflow_the_message_names_the_extra(
    run_cli: RunCli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "model.keras").write_bytes(b"PK")
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    result = run_cli(*command, env={"PYTHONPATH": path}, cwd=tmp_path)
    assert_one_line(result, 4, "pip install 'edgefmnist[train]'")


def test_asking_for_a_gpu_that_is_not_there(run_cli: RunCli, tmp_path: Path) -> None:
    require_keras()
    import keras

    if keras.distribution.list_devices("gpu"):
        pytest.skip("this machine has a GPU")
    result = run_cli("train", "--device", "gpu", "--out", tmp_path / "run")
    assert_one_line(result, 4, "sees no GPU", "--device cpu")


def test_a_failed_write_keeps_what_was_there(tmp_path: Path) -> None:
    from edgefmnist import files

    target = tmp_path / "model.keras"
    target.write_bytes(b"the old one")

    def fail_half_way() -> None:
        with files.replacing(target) as scratch:
            scratch.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(CannotWrite, match="no space left"):
        fail_half_way()
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


def test_a_mixed_precision_training_leaves_a_float32_model(tmp_path: Path) -> None:
    require_keras()
    import keras

    from edgefmnist.training import fitting, recipes
    from edgefmnist.training.records import TrainConfig

    recipe = recipes.get("edge")
    config = TrainConfig(recipe=recipe, epochs=1, seed=0, out=tmp_path)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = recipe.build()
        plain = fitting._plain(config, mixed)
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in plain.layers} == {"float32"}
    assert [layer.name for layer in plain.layers] == [layer.name for layer in mixed.layers]
    for before, after in zip(mixed.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
