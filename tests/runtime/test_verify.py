"""`edgefmnist verify`: bit for bit where the kernels are the same, within a bound elsewhere."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgefmnist import wheels
from edgefmnist.dataset import load
from edgefmnist.errors import BadModel
from edgefmnist.quantization import convert
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle, golden, models
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve
from tests.conftest import ROOT, RUNTIME, RunCli, assert_one_line, needs_litert

OTHER_RUNTIME = "tflite-runtime 2.13.0" if wheels.LITERT in RUNTIME else "ai-edge-litert 2.3.0"
Change = Callable[[np.ndarray], None]


@pytest.fixture
def copy(shipped_bundle: Path, tmp_path: Path) -> Path:
    """A bundle to tamper with, released by the runtime that is here."""
    folder = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    with np.load(folder / "golden.npz") as stored:
        images = stored["images"]
    classifier = Classifier(resolve(str(folder)))
    golden.write(folder / "golden.npz", classifier, images)
    made_by(folder, runtime=classifier.runtime, delegate=classifier.delegate)
    return folder


def tamper(folder: Path, change: Change) -> None:
    with np.load(folder / "golden.npz") as stored:
        images, outputs = stored["images"], stored["outputs"].copy()
    change(outputs)
    np.savez_compressed(folder / "golden.npz", images=images, outputs=outputs)


def made_by(folder: Path, **fields: object) -> None:
    """Let the bundle's record tell another release."""
    told = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(told | fields))


def replayed(folder: Path) -> golden.Replay:
    return golden.replay(Classifier(resolve(str(folder))))


@needs_litert
@pytest.mark.parametrize("name", sorted(models.shipped()))
def test_shipped_bundles_answer_bit_for_bit(run_cli: RunCli, name: str) -> None:
    result = run_cli("verify", name, "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["passed"] and told["mismatches"] == []
    assert told["exact"] == told["total"] == 50
    assert (told["bound"], told["unit"]) == (0, "steps")
    assert told["runtime"].startswith("ai-edge-litert") and told["delegate"] == "XNNPACK"


def test_one_changed_output_is_shown_with_its_class_and_distance(
    run_cli: RunCli, copy: Path
) -> None:
    def change(outputs: np.ndarray) -> None:
        outputs[7, 2] += 1

    tamper(copy, change)
    result = run_cli("verify", copy)
    assert_one_line(result, 3, "1 of 50 golden vectors", "differ, by up to 1 steps")
    piped = f'{sys.executable} -m edgefmnist verify {copy} | true; exit "${{PIPESTATUS[0]}}"'
    assert subprocess.run(["bash", "-c", piped], capture_output=True).returncode == 3
    here = Classifier(resolve(str(copy)))
    shown = " ".join(result.stdout.split())  # whatever the terminal's width
    assert f"Here {here.runtime}," in shown
    assert {"XNNPACK": "delegate XNNPACK", "none": "built-in kernels"}[here.delegate] in shown
    assert "│      7 │" in result.stdout and LABELS[2] in result.stdout
    (one,) = json.loads(run_cli("verify", copy, "--json").stdout)["mismatches"]
    assert (one["index"], one["output"], one["distance"]) == (7, LABELS[2], 1)
    assert one["expected"] - one["found"] == 1
    assert one["label"] == one["found_label"]


def test_another_version_of_the_same_runtime_must_answer_bit_for_bit(copy: Path) -> None:
    made_by(copy, runtime=f"{RUNTIME.split()[0]} 2.1.0")
    assert replayed(copy).bound == 0 and replayed(copy).passed


@pytest.mark.parametrize("fields", [{"runtime": OTHER_RUNTIME}, {"delegate": "of another kind"}])
def test_other_kernels_may_differ_within_the_bound(
    run_cli: RunCli, copy: Path, fields: dict[str, str]
) -> None:
    made_by(copy, **fields)

    with np.load(copy / "golden.npz") as stored:
        least = stored["outputs"][0].argmin()

    def raise_the_least(by: int) -> Change:
        def change(outputs: np.ndarray) -> None:
            outputs[0, least] += by  # which changes no answer

        return change

    tamper(copy, raise_the_least(golden.STEPS))
    within = replayed(copy)
    assert within.passed and within.bound == golden.STEPS and within.exact == 49
    tamper(copy, raise_the_least(1))
    beyond = run_cli("verify", copy)
    assert_one_line(beyond, 3, "1 of 50", f"more than {golden.STEPS} steps", "up to 13 steps")


def test_under_other_kernels_a_clear_answer_must_stay(copy: Path) -> None:
    made_by(copy, runtime=OTHER_RUNTIME)
    told = replayed(copy)
    assert told.passed
    with np.load(copy / "golden.npz") as stored:
        ordered = np.sort(stored["outputs"].astype(int), axis=1)
    margins = ordered[:, -1] - ordered[:, -2]
    near = int(np.argmin(np.where(margins > golden.TIE_STEPS, margins, 999)))
    if margins[near] >= golden.STEPS:
        pytest.skip("no golden vector of this bundle is near enough to another class")

    def swap(outputs: np.ndarray) -> None:
        first, second = np.argsort(outputs[near])[[-1, -2]]
        outputs[near, [first, second]] = outputs[near, [second, first]]

    tamper(copy, swap)
    (one,) = replayed(copy).mismatches
    assert one.index == near and one.label != one.found_label
    assert one.distance <= golden.STEPS


def test_a_model_that_was_quantized_anew_is_found_out(
    tiny_run: Path, tmp_path: Path, copy: Path
) -> None:
    """The record's checksum aside, which would tell first."""
    keras_model = convert.load_keras(tiny_run / "model.keras")
    train = load("train").images
    for name, images in (("released", train[:100]), ("anew", train[100:200])):
        (tmp_path / f"{name}.tflite").write_bytes(convert.convert(keras_model, "int8", images))
    released = ModelFile(name="released", path=tmp_path / "released.tflite")
    golden.write(copy / "golden.npz", Classifier(released), load("test").images[:50])
    shutil.copy(tmp_path / "anew.tflite", copy / "model.tflite")
    made_by(copy, sha256=bundle.sha256_of(copy / "model.tflite"))
    told = replayed(copy)
    assert not told.passed and told.exact < told.total


@pytest.mark.parametrize("variant", ["float32", "dynamic"])
def test_floats_are_compared_within_a_part_of_their_size(
    tiny_run: Path, tmp_path: Path, copy: Path, variant: str
) -> None:
    model = convert.load_keras(tiny_run / "model.keras")
    (copy / "model.tflite").write_bytes(convert.convert(model, variant))
    made_by(copy, sha256=bundle.sha256_of(copy / "model.tflite"), variant=variant)
    bare = ModelFile(name="bare", path=copy / "model.tflite")
    golden.write(copy / "golden.npz", Classifier(bare), load("test").images[:20])
    part = golden.DYNAMIC_PART if variant == "dynamic" else golden.FLOAT_PART

    def shift(by: float) -> Change:
        def change(outputs: np.ndarray) -> None:
            outputs[3, 0] += by * np.abs(outputs[3]).max()

        return change

    tamper(copy, shift(0.5 * part))
    assert replayed(copy).passed and replayed(copy).exact == 19
    tamper(copy, shift(part))
    (one,) = replayed(copy).mismatches
    assert one.index == 3 and one.output == LABELS[0]


def test_outputs_that_are_no_numbers_fail(copy: Path, tiny_run: Path) -> None:
    model = convert.load_keras(tiny_run / "model.keras")
    (copy / "model.tflite").write_bytes(convert.convert(model, "float32"))
    made_by(copy, sha256=bundle.sha256_of(copy / "model.tflite"), variant="float32")
    bare = ModelFile(name="bare", path=copy / "model.tflite")
    golden.write(copy / "golden.npz", Classifier(bare), load("test").images[:5])

    def spoil(outputs: np.ndarray) -> None:
        outputs[2, 4] = np.nan

    tamper(copy, spoil)
    assert [one.index for one in replayed(copy).mismatches] == [2]


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04garbage"])
def test_verify_without_sound_vectors(
    run_cli: RunCli, shipped_bundle: Path, tmp_path: Path, content: bytes | None
) -> None:
    copy = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    (copy / "golden.npz").unlink()
    if content is not None:
        (copy / "golden.npz").write_bytes(content)
    assert_one_line(run_cli("verify", copy), 5, "golden.npz")


def test_verify_of_a_bare_model(run_cli: RunCli, small_model: Path) -> None:
    assert_one_line(run_cli("verify", small_model), 5, "only a bundle")


def test_any_damaged_byte_of_the_vectors_is_bad_input(shipped_bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    whole = (copy / "golden.npz").read_bytes()
    classifier = Classifier(resolve(str(copy)))
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 150):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(8))
        (copy / "golden.npz").write_bytes(damaged)
        with contextlib.suppress(BadModel):
            golden.replay(classifier)


@pytest.mark.slow  # makes an environment of its own
def test_the_older_runtime_answers_within_the_bound(tmp_path: Path) -> None:
    """tflite-runtime 2.14.0, whose int8 kernels are built-in ones, in a Python that has it."""
    python = shutil.which("python3.11")
    if python is None:
        pytest.skip("tflite-runtime 2.14.0 needs Python 3.11")
    uv = [sys.executable, "-m", "uv", "-q"]
    subprocess.run([*uv, "venv", "-p", python, tmp_path / "venv"], check=True, timeout=120)
    older = ["tflite-runtime==2.14.0", "numpy<2", "opencv-python-headless<4.10"]
    others = ["typer", "rich", "psutil", "platformdirs", "pooch", "requests"]
    install = [*uv, "pip", "install", "-p", tmp_path / "venv", *older, *others]
    subprocess.run(install, check=True, timeout=300)
    for name in sorted(models.shipped()):
        done = subprocess.run(
            [tmp_path / "venv" / "bin" / "python", "-m", "edgefmnist", "verify", name, "--json"],
            capture_output=True, text=True, cwd=ROOT, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["runtime"] == "tflite-runtime 2.14.0" and told["delegate"] == "none"
        assert told["bound"] == golden.STEPS
        assert told["same_label"] == 50 and 0 < told["largest_step"] <= golden.STEPS
