"""`edgefmnist layers` finds the layer that is to blame, and --keep-float mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.errors import UsageError
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import convert, layers
from edgefmnist.quantization.selective import Calibrated
from edgefmnist.runtime import bundle, interpreter
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from tests.conftest import RunCli, assert_one_line


@pytest.fixture(scope="module")
def outlier(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model whose layer `dense` has enormous weights where its input is always 0.

    In float they change nothing. In int8 they stretch the scale of the weights until nearly all
    others round to 0.
    """
    model = convert.load_keras(tiny_run / "model.keras")
    by_name = {layer.name: layer for layer in model.layers}
    kernel, bias = by_name["conv2d"].get_weights()
    kernel[..., 0], bias[0] = 0, -1  # its ReLU gives 0
    by_name["conv2d"].set_weights([kernel, bias])
    kernel, bias = by_name["dense"].get_weights()
    kernel[::32] = 10  # channel 0 of each place
    by_name["dense"].set_weights([kernel, bias])
    path = tmp_path_factory.mktemp("outlier") / "outlier.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def told(run_cli: RunCli, outlier: Path) -> dict[str, Any]:
    plot = outlier.with_name("layers.png")
    result = run_cli("layers", outlier, "--json", "--plot", plot)
    assert result.returncode == 0, result.stderr
    assert plot.read_bytes().startswith(b"\x89PNG")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_layer_to_blame_is_the_worst_and_suggested(told: dict[str, Any]) -> None:
    assert told["worst"][0]["layer"] == "dense"
    assert told["suggested"] == ["dense"]
    dense = next(one for one in told["kept"] if one["layers"] == ["dense"])
    assert told["throughout"]["agreement"] < 0.9 < 0.97 < dense["agreement"]
    assert dense["gain_interval_pp"][0] > 5
    assert dense["size_bytes"] > told["throughout"]["size_bytes"]


def test_every_operator_is_told_with_its_errors(told: dict[str, Any]) -> None:
    rows = told["rows"]
    assert [(row["op"], row["layer"]) for row in rows] == [
        ("CONV_2D", "conv2d"),
        ("MAX_POOL_2D", "max_pooling2d"),
        ("RESHAPE", "flatten"),
        ("FULLY_CONNECTED", "dense"),
        ("FULLY_CONNECTED", "dense_1"),
        ("SOFTMAX", "dense_1"),
    ]
    assert [row["values"] for row in rows] == [26 * 26 * 32, 13 * 13 * 32, 5408, 32, 10, 10]
    # Pooling and reshaping lose nothing themselves and hand on what was lost before.
    assert [row["sqnr_db"] is None for row in rows] == [False, True, True, False, False, False]
    assert rows[1]["accumulated_sqnr_db"] == pytest.approx(rows[2]["accumulated_sqnr_db"])
    # The first operator's own error is all there is up to it.
    assert rows[0]["sqnr_db"] == pytest.approx(rows[0]["accumulated_sqnr_db"], abs=0.01)
    assert rows[0]["sqnr_db"] > 30 > 10 > rows[3]["sqnr_db"]
    # What dense lost reaches the operator after it, whose own error is small.
    assert rows[4]["sqnr_db"] > 20 > 10 > rows[4]["accumulated_sqnr_db"]
    assert all(0 <= row["saturated"] < 0.01 for row in rows)
    worst = [row["sqnr_db"] for row in told["worst"]]
    assert worst == sorted(worst)
    assert len(worst) == 4  # of the six operators two lose nothing


@pytest.mark.slow
def test_keeping_it_in_float_mends_the_model(
    run_cli: RunCli, outlier: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    done = run_cli("quantize", outlier, "--keep-float", "dense", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["throughout_int8"]["drop_pp"] > 5 > 0.5 >= result["drop_pp"]
    assert result["throughout_int8"]["agreement"] < 0.9 < 0.97 < result["agreement"]
    assert all(check["passed"] for check in result["gate"])
    card = bundle.read_card(out)
    assert card.keep_float == ("dense",) and card.variant == "int8"
    assert card.gate["float tensors"] == "0 <= 0"
    assert "--keep-float dense" in (out / "README.md").read_text()
    built = interpreter.build(out / "model.tflite", threads=1, batch=1)
    (source,), (answer,) = built.get_input_details(), built.get_output_details()
    assert source["dtype"] == answer["dtype"] == np.int8
    assert run_cli("verify", out).returncode == 0


def test_a_layer_that_is_none_is_met_with_its_neighbours(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    wrong = run_cli("quantize", tiny_run, "--keep-float", "dence_1", "--out", out)
    assert_one_line(wrong, 2, "dence_1", "dense_1", "edgefmnist layers")
    other = run_cli("quantize", tiny_run, "--keep-float", "dense", "--variant", "dynamic")
    assert_one_line(other, 2, "--keep-float is for int8")
    assert not out.exists()


@pytest.fixture(scope="module")
def calibrated(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Calibrated:
    model = convert.load_keras(tiny_run / "model.keras")
    folder = tmp_path_factory.mktemp("calibrated")
    return Calibrated(model, load("train").images[:100], folder, lambda done, total: None)


def test_a_layer_that_cannot_be_float(calibrated: Calibrated, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="max_pooling2d: it only hands int8 values on"):
        calibrated.keep(("dense", "max_pooling2d"), tmp_path / "kept.tflite")


def test_all_layers_in_float_answer_as_the_float_model(
    calibrated: Calibrated, tiny_run: Path, tmp_path: Path
) -> None:
    """But for the rounding of input and output to int8."""
    kept = ModelFile(name="kept", path=tmp_path / "kept.tflite")
    names = dict.fromkeys(node.layer for node in calibrated.nodes)
    calibrated.keep(tuple(set(names) - {"max_pooling2d", "flatten"}), kept.path)
    path = tmp_path / "float.tflite"
    path.write_bytes(convert.convert(convert.load_keras(tiny_run / "model.keras"), "float32"))
    images = load("test").images[:300]
    near = Classifier(kept).outputs(images)
    exact = Classifier(ModelFile(name="float", path=path)).outputs(images)
    assert np.abs(near - exact).max() < 0.05
    whole = Classifier(calibrated.throughout).outputs(images)
    assert np.abs(near - exact).mean() < np.abs(whole - exact).mean()


def test_without_kept_layers_it_is_the_usual_conversion(
    calibrated: Calibrated, tiny_run: Path, tmp_path: Path
) -> None:
    path = tmp_path / "usual.tflite"
    model = convert.load_keras(tiny_run / "model.keras")
    path.write_bytes(convert.convert(model, "int8", load("train").images[:100]))
    images = load("test").images[:300]
    usual = Classifier(ModelFile(name="usual", path=path)).raw(images)
    np.testing.assert_array_equal(Classifier(calibrated.throughout).raw(images), usual)


@pytest.mark.parametrize("network", ["seed_2", "tiny"])
def test_operators_bear_the_names_of_their_layers(network: str, tmp_path: Path) -> None:
    """Each layer with weights is one operator, though the converter renames and fuses them."""
    require_tensorflow()
    from edgefmnist.training import networks

    model = getattr(networks, network)()
    images = load("train").images[:20]
    found = Calibrated(model, images, tmp_path, lambda done, total: None).nodes
    computing = [node for node in found if node.op in ("CONV_2D", "FULLY_CONNECTED")]
    with_kernel = [layer.name for layer in model.layers if hasattr(layer, "kernel")]
    assert sorted(node.layer for node in computing) == sorted(with_kernel)
    added = [layer.name for layer in model.layers if layer.__class__.__name__ == "Add"]
    assert [node.layer for node in found if node.op == "ADD"] == added
    for node in computing:
        fused = [model.get_layer(name).__class__.__name__ for name in node.layers]
        assert fused[0] in ("Conv2D", "Dense") and len(set(fused)) == len(fused)


def test_sqnr_of_8_bits_over_the_whole_range() -> None:
    values = np.random.default_rng(0).uniform(-128, 127, 1_000_000)
    noise = float(np.square(values - np.round(values)).sum())
    assert layers.sqnr_db(float(np.square(values).sum()), noise) == pytest.approx(48.13, abs=0.02)
    # Half of the range is a bit less.
    halved = values / 2
    noise = float(np.square(halved - np.round(halved)).sum())
    told = layers.sqnr_db(float(np.square(halved).sum()), noise)
    assert told == pytest.approx(48.13 - 6.02, abs=0.02)
    assert layers.sqnr_db(1.0, 0.0) is None


def test_saturated_is_what_clipping_changed() -> None:
    floats = np.array([0.0, 0.0, 10.0, 25.5, 25.6, 26.0, -0.3])
    scale, zero_point = 0.1, -128  # stands for 0..25.5
    integers = np.clip(np.round(floats / scale) + zero_point, -128, 127).astype(np.int8)
    # 0 after a ReLU is no loss, 25.6 is one step beyond, as 1.0 after a softmax is.
    assert layers.saturated(floats, integers, scale, zero_point) == 2
    assert layers.saturated(floats[:5], integers[:5], scale, zero_point) == 0
