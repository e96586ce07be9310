"""Models that are whole run; models that are not are refused and never end the process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.soak import watch
from edgefmnist.errors import BadModel, UsageError
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert
from edgefmnist.runtime import bundle, models, probe
from edgefmnist.runtime.classifier import Classifier
from tests.conftest import RunCli, assert_one_line, needs_litert
from tests.runtime import hostile


@pytest.fixture
def copy(shipped_bundle: Path, tmp_path: Path) -> Path:
    """A bundle to break."""
    return Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))


def test_the_default_is_the_shipped_bundle(shipped_bundle: Path) -> None:
    model = models.resolve(None)
    assert model.name == models.DEFAULT == "edge"
    assert model.path.read_bytes() == (shipped_bundle / "model.tflite").read_bytes()
    assert models.resolve("edge") == model


def test_a_name_that_is_no_model(run_cli: RunCli) -> None:
    with pytest.raises(UsageError, match="edge"):
        models.resolve("nosuch")
    with pytest.raises(UsageError, match="an empty name"):
        models.resolve("")
    assert_one_line(run_cli("evaluate", "nosuch"), 2, "nosuch")


@pytest.mark.parametrize("keep", [0, 3, 100, 5_000, 100_000])
def test_a_truncated_tflite_is_refused(
    run_cli: RunCli, small_model: Path, tmp_path: Path, keep: int
) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(small_model.read_bytes()[:keep])
    assert_one_line(run_cli("evaluate", path), 5, "cut.tflite")


def test_damaged_bytes_never_end_the_process(small_model: Path, tmp_path: Path) -> None:
    whole = bytearray(small_model.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for attempt in range(12):
        damaged = whole.copy()
        # Where a flatbuffer keeps its tables: offsets here lead the runtime astray.
        for at in rng.integers(8, 4_000 if attempt % 2 else len(whole), 200):
            damaged[at] = rng.integers(256)
        path = tmp_path / f"{attempt}.tflite"
        path.write_bytes(damaged)
        try:
            models.resolve(str(path))
        except BadModel as error:
            refused += 1
            assert str(path) in str(error)
            assert "\n" not in str(error)
    assert refused >= 4


def test_a_file_that_is_no_model(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "notes.tflite"
    path.write_text("these are my notes on models")
    assert_one_line(run_cli("bench", path), 5, "not a TensorFlow Lite model")


def test_a_model_with_another_checksum(run_cli: RunCli, copy: Path) -> None:
    data = bytearray((copy / "model.tflite").read_bytes())
    data[-1] ^= 1
    (copy / "model.tflite").write_bytes(data)
    for command in (("evaluate", copy), ("verify", copy), ("predict", "--model", copy, copy)):
        assert_one_line(run_cli(*command), 5, "SHA-256", "copy the bundle again")


@pytest.mark.parametrize("name", ["model.tflite", "model.json"])
def test_a_bundle_with_a_missing_file(run_cli: RunCli, copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert_one_line(run_cli("evaluate", copy), 5, f"it has no {name}")


@pytest.mark.parametrize(
    "content", ["", "{}", "[1, 2]", '{"schema": 2, "labels": 3, "drop_interval_pp": 4}']
)
def test_a_damaged_record(run_cli: RunCli, copy: Path, content: str) -> None:
    (copy / "model.json").write_text(content)
    assert_one_line(run_cli("evaluate", copy), 5, "model.json is damaged")


def test_a_record_of_a_later_schema(copy: Path) -> None:
    record = json.loads((copy / "model.json").read_text()) | {"schema": 99}
    (copy / "model.json").write_text(json.dumps(record))
    with pytest.raises(BadModel, match="schema 99"):
        bundle.read_card(copy)


@pytest.mark.parametrize(
    ("size", "classes", "said"),
    [
        (32, 10, ("32, 32", "(1, 10)", "(1, 28, 28, 1)")),
        (28, 41, ("(1, 41)", "gives (1, 2 to 40) scores")),
        (28, 7, ("gives 7 scores", "name the bundle's folder")),
    ],
)
def test_wrong_input_shape_or_class_count(
    run_cli: RunCli, tmp_path: Path, size: int, classes: int, said: tuple[str, ...]
) -> None:
    pytest.importorskip("keras", reason="Keras, which makes the model, is not installed")
    require_tensorflow()
    from tests.quantization.conftest import dense

    path = tmp_path / "other.tflite"
    path.write_bytes(convert.convert(dense(size, classes), "float32"))
    result = run_cli("evaluate", path)
    assert_one_line(result, 5, *said)


COMMANDS = (
    ("verify",),
    ("evaluate",),
    ("bench", "--quick"),
    ("predict", "benchmarks/pictures/camera.png", "--model"),
    ("camera", "--source", "demo", "--frames", "1", "--model"),
)


@needs_litert
@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_that_crashes_its_runtime_is_refused_by_every_command(
    run_cli: RunCli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = hostile.bundle_of(hostile.crashing(), tmp_path / "bundle")
    assert_one_line(run_cli(*command, folder), 5, "the runtime crashed on it")


def test_a_trial_that_is_killed_does_not_damn_the_model(tmp_path: Path) -> None:
    """As where memory runs out: the kernel ends the process that asks for most."""
    with pytest.raises(BadModel, match=r"could not be tried: .* was killed"):
        probe.judge(tmp_path, -signal.SIGKILL, "")


def test_a_model_takes_neither_all_memory_nor_all_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endless_model: bytes
) -> None:
    with pytest.raises(BadModel, match=r"model\.tflite"):
        models.resolve(str(hostile.bundle_of(hostile.huge(), tmp_path / "huge")))
    monkeypatch.setattr(probe, "LIMIT_S", 1)
    with pytest.raises(BadModel, match="did not run within"):
        models.resolve(str(hostile.bundle_of(endless_model, tmp_path / "endless")))


def test_a_model_without_end_ends_with_the_command(tmp_path: Path, endless_model: bytes) -> None:
    model = tmp_path / "endless.tflite"
    model.write_bytes(endless_model)
    words = [sys.executable, "-m", "edgefmnist", "predict", "--model", str(model), str(model)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while len(below := set(watch.tree(process.pid))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
    assert len(below) == 2
    while (left := watch.alive(below)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left


@pytest.mark.parametrize("name", ["model.tflite", "model.json", "golden.npz"])
def test_a_bundle_of_special_files(run_cli: RunCli, copy: Path, name: str) -> None:
    (copy / name).unlink()
    os.mkfifo(copy / name)
    assert_one_line(run_cli("verify", copy), 5, name, "not a regular file")


def test_a_record_that_is_far_too_large(run_cli: RunCli, copy: Path) -> None:
    os.truncate(copy / "model.json", 120_000_000)
    assert_one_line(run_cli("verify", copy), 5, "model.json", "larger than 262,144 bytes")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "two\nlines"),
        ("recipe", ["\x1b[31m"]),
        ("recipe", "\u202edge"),
        ("name", "n" * 10_000),
        ("versions", 5),
        ("gate", {"a": 1}),
        ("teachers", {"\x1b]0;x\x07": "c"}),
        ("other_seeds", None),
        ("float_accuracy", "x"),
        ("drop_pp", float("nan")),
        ("parameters", True),
        ("seed", 10**400),
        ("labels", "text"),
        ("drop_interval_pp", [1]),
        ("keep_float", ["a\u0085b"]),
    ],
)
def test_a_record_with_a_value_of_another_kind(copy: Path, key: str, value: object) -> None:
    record = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(record | {key: value}))
    with pytest.raises(BadModel, match=r"model\.json is damaged"):
        models.resolve(str(copy))


def test_files_that_change_after_they_were_checked_change_nothing(copy: Path) -> None:
    model = models.resolve(str(copy))
    (copy / "model.tflite").write_bytes(b"")
    blank = np.zeros((1, 28, 28), np.uint8)
    expected = Classifier(models.resolve(None)).raw(blank)
    np.testing.assert_array_equal(Classifier(model).raw(blank), expected)
