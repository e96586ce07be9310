"""What is exported was run in TensorFlow Lite Micro, and what cannot be exported is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.errors import BadModel, GateRefused
from edgefmnist.export import exporter
from edgefmnist.export import micro as tflm
from edgefmnist.export.records import ExportConfig
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert
from edgefmnist.runtime import golden
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, assert_one_line
from tests.export.conftest import MakeBundle


def expected_outputs(folder: Path) -> np.ndarray:
    """The golden outputs that stand in the C source, int8 [n, 10]."""
    (file,) = folder.glob("*_golden.c")
    text = file.read_text().partition("_golden_outputs[")[2].partition("=")[2]
    return np.array(re.findall(r"-?\d+", text), np.int64).astype(np.int8).reshape(-1, 10)


@pytest.mark.usefixtures("micro")
def test_micro_gives_the_expected_outputs_in_the_arena_and_not_in_less(
    exported: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    from tflite_micro.python.tflite_micro import runtime

    model = resolve(exported["model"])
    content, arena_bytes = model.path.read_bytes(), exported["micro"]["arena_bytes"]
    with pytest.raises(RuntimeError):
        runtime.Interpreter.from_bytes(content, arena_size=arena_bytes - 16)
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=arena_bytes)
    images, released = golden.read(model)
    answers = []
    for one in Classifier(model).encode(images):
        interpreter.set_input(one.reshape(1, 28, 28, 1), 0)
        interpreter.invoke()
        answers.append(interpreter.get_output(0)[0])
    np.testing.assert_array_equal(expected_outputs(Path(exported["out"])), answers)
    same = np.array(answers).argmax(axis=1) == released.argmax(axis=1)
    assert (same | golden.tied(released)).all()
    # Its own account of the memory, kept by another way than by trying.
    capfd.readouterr()
    interpreter.print_allocations()
    assert f"Arena allocation total {arena_bytes} bytes" in capfd.readouterr().err


@pytest.mark.usefixtures("micro")
def test_other_kernels_cost_next_to_no_accuracy() -> None:
    model, test = resolve("tiny"), load("test")
    images, labels = test.images[:500], test.labels[:500]
    classifier = Classifier(model)
    ran = tflm.run(model.path, classifier.encode(images))
    assert ran is not None
    here, there = classifier.raw(images).argmax(axis=1), ran.outputs.argmax(axis=1)
    assert (here == there).mean() >= 0.99
    assert abs((here == labels).mean() - (there == labels).mean()) <= 0.01
    reference = Classifier(model, reference=True).raw(images)
    assert np.abs(reference.astype(int) - ran.outputs).max() <= exporter.LOGITS.micro


@pytest.mark.usefixtures("micro")
def test_without_micro_the_export_says_so_and_stays_in_its_tolerance(
    run_cli: RunCli, tiny_export: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "tflite_micro.py").write_text("raise ImportError('not installed')")
    env = {"PYTHONPATH": f"{tmp_path}:{Path(exporter.__file__).parents[2]}"}
    out = tmp_path / "out"
    result = run_cli("export", tiny_export["model"], "--out", out, env=env)
    assert result.returncode == 0, result.stderr
    assert "Not checked in TensorFlow Lite Micro: pip install tflite-micro" in result.stdout
    record = json.loads((out / "export.json").read_text())
    assert record["micro"] is None
    tolerance = record["golden"]["tolerance_steps"]
    assert tolerance == exporter.LOGITS.micro
    checked = expected_outputs(Path(tiny_export["out"])).astype(int)
    assert np.abs(expected_outputs(out) - checked).max() <= tolerance
    header = (out / f"{record['prefix']}_model.h").read_text()
    assert "_ARENA_BYTES" not in header
    assert "Not checked" in (out / "README.md").read_text()


def test_a_bare_model_has_no_vectors(run_cli: RunCli, small_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert_one_line(run_cli("export", small_model, "--out", out), 5, "only a bundle")
    assert not out.exists()


@pytest.mark.parametrize("variant", ["float32", "int16x8"])
def test_only_full_integer_int8_is_exported(
    run_cli: RunCli, make_bundle: MakeBundle, tmp_path: Path, variant: Any
) -> None:
    require_tensorflow()
    from tests.quantization.conftest import dense

    images = load("test").images[:20]
    folder = make_bundle(convert.convert(dense(), variant, images), variant=variant)
    out = tmp_path / "out"
    result = run_cli("export", folder, "--out", out)
    assert_one_line(result, 5, "no full-integer int8 model", "--variant int8")
    assert not out.exists()


def test_a_model_that_ends_in_softmax(
    run_cli: RunCli, make_bundle: MakeBundle, tiny_run: Path, tmp_path: Path
) -> None:
    keras_model = convert.load_keras(tiny_run / "model.keras")
    folder = make_bundle(convert.convert(keras_model, "int8", load("train").images[:100]))
    out = tmp_path / "out"
    result = run_cli("export", folder, "--out", out)
    assert result.returncode == 0, result.stderr
    assert "probabilities" in (out / "edgefmnist_tiny_model.h").read_text()
    record = json.loads((out / "export.json").read_text())
    assert record["golden"]["largest_step"] <= exporter.PROBABILITIES.released
    assert record["output"] == {"scale": 1 / 256, "zero_point": -128}
    assert record["operators"][-1] == "SOFTMAX"


@pytest.mark.usefixtures("micro")
def test_an_operator_that_micro_lacks(
    run_cli: RunCli, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    require_tensorflow()
    import keras

    image = keras.Input((28, 28, 1))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    x = keras.layers.Dense(10)(keras.activations.gelu(keras.layers.Dense(16)(x)))
    images = load("test").images[:20]
    folder = make_bundle(convert.convert(keras.Model(image, x), "int8", images))
    out = tmp_path / "out"
    assert_one_line(run_cli("export", folder, "--out", out), 5, "Lite Micro", "GELU")
    assert not out.exists()


@pytest.mark.usefixtures("micro")
def test_a_model_that_crashes_micro_does_not_end_the_process(tmp_path: Path) -> None:
    flatbuffers = pytest.importorskip("flatbuffers")
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    content = resolve("tiny").path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    model.subgraphs[0].operators[0].inputs = np.array([10**8, 1, 2], np.int32)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path = tmp_path / "crash.tflite"
    path.write_bytes(builder.Output())
    with pytest.raises(BadModel, match="crashes TensorFlow Lite Micro"):
        tflm.run(path, np.zeros((1, 28, 28), np.int8))


@pytest.mark.usefixtures("micro")
@pytest.mark.parametrize("attempt", range(4))
def test_damaged_bytes_are_one_line(tmp_path: Path, attempt: int) -> None:
    damaged = bytearray(resolve("tiny").path.read_bytes())
    rng = np.random.default_rng(attempt)
    for at in rng.integers(8, 4_000 if attempt % 2 else len(damaged), 200):
        damaged[at] = rng.integers(256)
    path = tmp_path / "damaged.tflite"
    path.write_bytes(damaged)
    with pytest.raises(BadModel, match=r"^[^\n]+$"):
        tflm.run(path, np.zeros((1, 28, 28), np.int8))


def test_golden_outputs_that_do_not_hold_are_refused(
    run_cli: RunCli, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    folder = make_bundle(away_steps=40)
    out = tmp_path / "out"
    result = run_cli("export", folder, "--out", out)
    assert_one_line(result, 3, "golden vectors of tiny do not hold", "14 allowed")
    assert not out.exists()


@pytest.mark.usefixtures("micro")
def test_answers_of_micro_beyond_the_bound_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other, real = resolve("edge"), tflm.run
    monkeypatch.setattr(tflm, "run", lambda _, inputs: real(other.path, inputs))
    config = ExportConfig(model=resolve("tiny"), out=tmp_path / "out")
    with pytest.raises(GateRefused, match="2 allowed"):
        exporter.export(config)
    assert not (tmp_path / "out").exists()


def test_a_refused_export_leaves_the_older_one(
    run_cli: RunCli, make_bundle: MakeBundle, tiny_export: dict[str, Any]
) -> None:
    out = Path(tiny_export["out"])
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert run_cli("export", make_bundle(away_steps=40), "--out", out).returncode == 3
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_the_same_bundle_gives_the_same_files(
    run_cli: RunCli, tiny_export: dict[str, Any], tmp_path: Path
) -> None:
    """Over an older export of another bundle, of which nothing stays."""
    out = tmp_path / "out"
    for name in ("edge", "tiny"):
        assert run_cli("export", name, "--out", out).returncode == 0
    files = {file.name: file.read_bytes() for file in out.iterdir()}
    assert files == {file.name: file.read_bytes() for file in Path(tiny_export["out"]).iterdir()}
    assert sorted(files) == sorted(json.loads(files["export.json"])["files"])


def test_a_folder_with_anything_else_is_left_alone(run_cli: RunCli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_cli("export", "tiny", "--out", out).returncode == 0
    (out / "main.c").write_text("int main(void) { return 0; }")  # somebody's firmware
    assert_one_line(run_cli("export", "tiny", "--out", out), 2, "something else than an export")
    assert (out / "main.c").is_file()
    (tmp_path / "file").write_text("")
    assert_one_line(run_cli("export", "tiny", "--out", tmp_path / "file"), 2, "is a file")
    assert_one_line(run_cli("export", "tiny", "--out", "/dev/null/x"), 2, "/dev/null")


def test_the_default_folder_is_named_after_the_bundle(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("export", "tiny", cwd=tmp_path, env={"PYTHONPATH": str(Path.cwd())})
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "tiny-c-array" / "edgefmnist_tiny_model.c").is_file()
    assert [file.name for file in tmp_path.iterdir()] == ["tiny-c-array"]


def test_another_format_is_a_usage_error(run_cli: RunCli) -> None:
    assert_one_line(run_cli("export", "tiny", "--format", "rust"), 2, "c-array")
