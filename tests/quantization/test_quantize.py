"""`edgefmnist quantize` releases whole, honest bundles and refuses the others."""

from __future__ import annotations

import json
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.dataset import load, split_validation
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert, quantizer
from edgefmnist.quantization.records import VARIANTS, QuantizeConfig
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle, golden, interpreter
from edgefmnist.runtime.bundle import sha256_of
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, assert_one_line
from tests.quantization.conftest import Nobody


@pytest.fixture(scope="module")
def quantized(
    run_cli: RunCli, tiny_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("bundles") / "tiny"
    result = run_cli("quantize", tiny_run, "--out", out, "--max-drop", "5", "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), out


def test_the_bundle_is_whole(quantized: tuple[dict, Path]) -> None:
    told, out = quantized
    assert {path.name for path in out.iterdir()} == {
        *("model.tflite", "model.json", "golden.npz", "README.md"),
    }
    card = resolve(str(out)).card
    assert card is not None
    assert card.sha256 == bundle.sha256_of(out / "model.tflite")
    assert card.quantized_accuracy == told["quantized"]["accuracy"]
    assert card.labels == LABELS
    assert card.temperature > 0
    assert 0 < card.unknown_threshold < 1
    assert golden.replay(Classifier(resolve(str(out)))).passed
    text = (out / "README.md").read_text()
    assert "edgefmnist train --recipe seed-1" in text and "one seed" in text
    assert f"{card.quantized_accuracy:.2%}" in text


@pytest.mark.slow
def test_the_card_tells_cost_teachers_and_other_seeds(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path
) -> None:
    runs = [tmp_path / name for name in ("first", "second", "third")]
    taught = sha256_of(resolve("accurate").path)
    for seed, run in enumerate(runs):
        shutil.copytree(tiny_run, run)
        told = json.loads((run / "result.json").read_text())
        told |= {"seed": seed, "seconds": 600.0, "teachers": {"master": "abc", "accurate": taught}}
        told["test"]["accuracy"] = told["test"]["accuracy"] + 0.01 * seed
        (run / "result.json").write_text(json.dumps(told))
    others = [word for run in runs[1:] for word in ("--other-seed", run)]
    out = tmp_path / "bundle"
    done = run_cli("quantize", runs[0], *others, "--max-drop", "5", "--out", out)
    assert done.returncode == 0, done.stderr
    text = " ".join((out / "README.md").read_text().split())
    assert "--seed 0 --teacher MASTER --teacher accurate --out RUN" in text
    assert "10 minutes for 1 epochs on cpu" in text
    assert "Teacher `MASTER`: model SHA-256 `abc`" in text
    # The two others are a point apart; the first is read from the model itself.
    assert "with seed 2; median" in text and "points." in text.partition("spread ")[2][:14]
    card = resolve(str(out)).card
    assert card is not None and set(card.other_seeds) == {"1", "2"}


def test_another_training_is_no_other_seed(run_cli: RunCli, tiny_run: Path) -> None:
    again = run_cli("quantize", tiny_run, "--other-seed", tiny_run)
    assert_one_line(again, 2, "--other-seed", "named twice")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"parameters": 7}, "parameters"),
        ({"train_count": 100, "teachers": {"edge": "abc"}}, "train_count, teachers"),
        ({"recipe": {"name": "seed-1", "learning_rate": 9.0}}, "recipe"),
    ],
)
def test_a_run_of_other_settings_is_no_other_seed(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path, changed: dict[str, object], named: str
) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_run, other)
    told = json.loads((other / "result.json").read_text()) | {"seed": 1} | changed
    (other / "result.json").write_text(json.dumps(told))
    refused = run_cli("quantize", tiny_run, "--other-seed", other)
    assert_one_line(refused, 2, "--other-seed", f"({named})", "seed alone")


def test_a_bare_model_is_no_other_seed(run_cli: RunCli, tiny_run: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.keras"
    shutil.copyfile(tiny_run / "model.keras", bare)
    for source, other in ((tiny_run, bare), (bare, tiny_run)):
        refused = run_cli("quantize", source, "--other-seed", other)
        assert_one_line(refused, 2, "--other-seed", "bare.keras was trained")


def test_the_model_is_integer_throughout_with_weights_per_channel(
    quantized: tuple[dict, Path],
) -> None:
    path = quantized[1] / "model.tflite"
    built = interpreter.build(path, threads=1, batch=1)
    kinds = {np.dtype(detail["dtype"]).name for detail in built.get_tensor_details()}
    assert kinds <= {"int8", "int32"}
    (source,), (answer,) = built.get_input_details(), built.get_output_details()
    assert source["dtype"] == answer["dtype"] == np.int8
    assert source["quantization"] == (1.0, -128)
    scales = [
        len(detail["quantization_parameters"]["scales"]) for detail in built.get_tensor_details()
    ]
    assert 32 in scales  # one scale for each filter of the convolution


def test_the_comparison_is_what_the_two_models_score(
    quantized: tuple[dict, Path], run_cli: RunCli, tiny_run: Path
) -> None:
    told, out = quantized
    for spec, key in ((out, "quantized"), (tiny_run / "model.keras", "float")):
        result = run_cli("evaluate", spec, "--json")
        assert result.returncode == 0, result.stderr
        evaluation = json.loads(result.stdout)
        assert evaluation["accuracy"] == told[key]["accuracy"]
        assert evaluation["per_class"] == told[key]["per_class"]
        assert evaluation["total"] == 10_000
    assert told["drop_pp"] == pytest.approx(
        100 * (told["float"]["accuracy"] - told["quantized"]["accuracy"])
    )
    low, high = told["drop_interval_pp"]
    assert low < told["drop_pp"] < high
    assert told["quantized"]["size_bytes"] < 0.3 * told["float"]["size_bytes"]


def test_the_representative_dataset_is_stratified_and_from_the_training_split(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = load("train"), load("test")
    seen: list[np.ndarray] = []

    def stop(model: object, variant: str, calibration: object = None, *rest: object) -> bytes:
        if variant != "int8":
            return b"float"
        assert isinstance(calibration, np.ndarray)
        seen.append(calibration)
        raise KeyboardInterrupt

    monkeypatch.setattr(convert, "convert", stop)
    config = QuantizeConfig(source=tiny_run, calibration_count=200, out=tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        quantizer.quantize(config, train, test, Nobody())
    assert not (tmp_path / "out").exists()
    run = json.loads((tiny_run / "result.json").read_text())
    train_at, _ = split_validation(train.labels, run["validation_count"], SPLIT_SEED)
    allowed = {train.images[i].tobytes(): int(train.labels[i]) for i in train_at}
    labels = [allowed[image.tobytes()] for image in seen[0]]
    np.testing.assert_array_equal(np.bincount(labels), 20)


def test_a_drop_over_the_limit_exits_3_says_how_far_and_writes_nothing(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    result = run_cli("quantize", tiny_run, "--max-drop", "-40", "--out", out)
    assert_one_line(result, 3, "loses", "more than --max-drop -40", "no bundle was written")
    assert list(tmp_path.iterdir()) == []


def test_a_refused_model_leaves_the_older_bundle_alone(
    run_cli: RunCli, tiny_run: Path, quantized: tuple[dict, Path]
) -> None:
    out = quantized[1]
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    result = run_cli("quantize", tiny_run, "--max-drop", "-40", "--out", out)
    assert result.returncode == 3
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert list(out.parent.iterdir()) == [out]


def test_a_collapsed_model_is_refused_whatever_the_drop(
    run_cli: RunCli, collapsed_keras: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    result = run_cli("quantize", collapsed_keras, "--max-drop", "100", "--out", out)
    assert_one_line(result, 3, "answers one class")
    assert not out.exists()


@pytest.mark.parametrize("variant", [variant for variant in VARIANTS if variant != "int8"])
def test_the_other_variants_answer_as_the_float_model(
    variant: str, tiny_run: Path, tmp_path: Path
) -> None:
    images = load("test").images[:200]
    model = convert.load_keras(tiny_run / "model.keras")
    path = tmp_path / "model.tflite"
    path.write_bytes(convert.convert(model, variant, load("train").images[:50]))
    answers = Classifier(ModelFile(name=variant, path=path)).outputs(images)
    expected = model.predict(images[..., np.newaxis].astype(np.float32), verbose=0)
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.97


def test_too_many_calibration_samples(run_cli: RunCli, tiny_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    result = run_cli("quantize", tiny_run, "--calibration-samples", "70000", "--out", out)
    assert_one_line(result, 2, "70000")
    assert not out.exists()


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_keras_model(run_cli: RunCli, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.keras").write_bytes(content)
    result = run_cli("quantize", tmp_path)
    assert_one_line(result, 5, "model.keras")


def test_no_model_at_all(run_cli: RunCli, tmp_path: Path) -> None:
    assert_one_line(run_cli("quantize", tmp_path / "nowhere"), 5, "nowhere", "edgefmnist train")


def test_out_that_holds_something_else_is_left_alone(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    result = run_cli("quantize", tiny_run, "--max-drop", "5", "--out", tmp_path)
    assert_one_line(result, 2, "something else than a bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_no_room_for_temporary_files(run_cli: RunCli, tiny_run: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    out = tmp_path / "bundle"
    result = run_cli("quantize", tiny_run, "--out", out, preexec_fn=small_files)
    assert_one_line(result, 2, "TMPDIR")
    assert not out.exists()


def test_wrong_shapes_are_named() -> None:
    require_tensorflow()
    from edgefmnist.errors import BadModel
    from tests.quantization.conftest import dense

    with pytest.raises(BadModel, match=r"32, 32"):
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "big.keras"
            dense(size=32).save(path)
            convert.load_keras(path)


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    from edgefmnist.errors import BadModel
    from tests.quantization.conftest import dense

    model = dense()
    kernel, bias = model.layers[-1].get_weights()
    kernel[3, 2] = np.nan
    model.layers[-1].set_weights([kernel, bias])
    model.save(tmp_path / "diverged.keras")
    with pytest.raises(BadModel, match=r"diverged\.keras has weights .* dense.*/kernel"):
        convert.load_keras(tmp_path / "diverged.keras")
