"""The gate names each fault, and lets sound models pass.

Every fault is real: a trained Keras model or its conversion, wrong on purpose in one way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.dataset import Samples, load, split_validation
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.errors import GateRefused
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.quantization import calibration, convert, gate, paired, quantizer
from edgefmnist.quantization.records import QuantizeConfig
from edgefmnist.quantization.selective import Calibrated
from edgefmnist.runtime import models
from edgefmnist.runtime.classifier import softmax
from edgefmnist.runtime.model_file import ModelFile
from tests.conftest import RunCli, assert_one_line
from tests.quantization.conftest import Nobody

MakeInt8 = Callable[[Any, np.ndarray], bytes]

_convert = convert.convert


@pytest.fixture(scope="module")
def samples() -> tuple[Samples, Samples]:
    """The training pictures, and 2,000 test pictures."""
    test = load("test")
    return load("train"), Samples(images=test.images[:2_000], labels=test.labels[:2_000])


@pytest.fixture(scope="module")
def held_out() -> Samples:
    train = load("train")
    _, chosen = split_validation(train.labels, 500, SPLIT_SEED)
    return Samples(images=train.images[chosen], labels=train.labels[chosen])


@pytest.fixture
def refusal(
    tiny_run: Path,
    samples: tuple[Samples, Samples],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., str]:
    """Quantize the trained run with a converter that is wrong in one way; the gate's words."""

    def run(make_int8: MakeInt8, source: Path = tiny_run, max_drop_pp: float = 0.5) -> str:
        def wrong(model: Any, variant: str, images: Any = None, progress: Any = None) -> bytes:
            if variant == "int8":
                return make_int8(model, images)
            return _convert(model, variant, images, progress)

        monkeypatch.setattr(convert, "convert", wrong)
        out = tmp_path / "bundle"
        config = QuantizeConfig(source=source, out=out, max_drop_pp=max_drop_pp)
        with pytest.raises(GateRefused, match="no bundle was written") as refused:
            quantizer.quantize(config, *samples, Nobody())
        assert not out.exists()
        return str(refused.value)

    return run


def changed(model: bytes, change: Callable[[Any, Any], None]) -> bytes:
    """A `.tflite` after `change` of its input and output tensor."""
    from tensorflow.lite.tools import flatbuffer_utils

    opened = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    graph = opened.subgraphs[0]
    change(graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]])
    return bytes(flatbuffer_utils.convert_object_to_bytearray(opened))


def trained(run: Path) -> Any:
    return convert.load_keras(run / "model.keras")


def without_rescaling(model: Any) -> Any:
    import keras

    image = x = keras.Input((28, 28, 1))
    for layer in model.layers[1:]:
        if layer.name != "rescaling":
            x = layer(x)
    return keras.Model(image, x)


def test_a_model_that_normalises_twice_is_named(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path
) -> None:
    require_tensorflow()
    import keras

    image = keras.Input((28, 28, 1))
    path = tmp_path / "twice.keras"
    keras.Model(image, trained(tiny_run)(keras.layers.Rescaling(1 / 255)(image))).save(path)
    result = run_cli("quantize", path, "--out", tmp_path / "bundle")
    assert_one_line(result, 3, "input scaling", "inputs normalised twice", "times 255")
    assert not (tmp_path / "bundle").exists()


def test_a_model_trained_on_normalised_pictures_is_named(
    refusal: Callable[..., str], tiny_run: Path, tmp_path: Path
) -> None:
    """Nothing else shows it: both forms answer alike, and nearly as well as they should."""
    path = tmp_path / "normalised.keras"
    without_rescaling(trained(tiny_run)).save(path)
    words = refusal(_convert_int8, source=path)
    assert "input scaling (over 255 == as they are): inputs not normalised" in words
    assert "also fails" not in words


def test_a_model_that_rescales_what_had_been_normalised_in_training_is_named(
    tiny_run: Path, held_out: Samples
) -> None:
    model = trained(tiny_run)
    kernel, bias = model.get_layer("conv2d").get_weights()
    model.get_layer("conv2d").set_weights([255 * kernel, bias])  # as it learns from pixel / 255
    check = gate.input_scaling(model, held_out)
    assert check.value == "over 255" and check.reason.startswith("inputs normalised twice")


def _convert_int8(model: Any, images: np.ndarray) -> bytes:
    return _convert(model, "int8", images)


def test_calibration_on_normalised_pictures_is_named(refusal: Callable[..., str]) -> None:
    words = refusal(lambda model, images: _convert(model, "int8", images // 255))
    assert "input range" in words and "inputs normalised twice" in words
    assert "can take 0 to 1 of 0..255" in words


def test_calibration_beyond_255_is_named(refusal: Callable[..., str]) -> None:
    brighter = refusal(lambda model, images: _convert(model, "int8", images.astype(np.uint16) * 4))
    assert "input levels (25 >= 40 % of its steps)" in brighter


def test_calibration_on_dim_pictures_cuts_off_bright_ones(refusal: Callable[..., str]) -> None:
    words = refusal(lambda model, images: _convert(model, "int8", images // 2))
    assert "input range (49.8 >= 95 % of 0..255)" in words and "cuts off what is brighter" in words


def test_a_dynamic_range_model_is_no_int8_model(refusal: Callable[..., str]) -> None:
    words = refusal(lambda model, images: _convert(model, "dynamic"))
    assert "number format (float32 to float32 == int8 to int8)" in words
    assert "a dynamic-range model" in words
    assert "also fails on float tensors" in words


def test_float_ends_are_named(refusal: Callable[..., str]) -> None:
    """Integers within, floats at both ends: what a converter gives that was not told otherwise."""

    def float_ends(model: Any, images: np.ndarray) -> bytes:
        import tensorflow as tf

        with convert.saved_model(model) as folder:
            converter = convert.converter(folder, "int8", images)
            converter.inference_input_type = converter.inference_output_type = tf.float32
            converted: bytes = converter.convert()
        return converted

    assert "it takes float32 and gives float32" in refusal(float_ends)


def test_an_input_without_scale_is_named(refusal: Callable[..., str]) -> None:
    def bare(model: Any, images: np.ndarray) -> bytes:
        def strip(source: Any, answer: Any) -> None:
            source.quantization.scale = source.quantization.zeroPoint = None

        return changed(_convert(model, "int8", images), strip)

    assert "the input has no scale and zero point" in refusal(bare)


def test_calibration_on_other_pictures_changes_answers_before_it_changes_the_accuracy(
    refusal: Callable[..., str],
) -> None:
    def dim(model: Any, images: np.ndarray) -> bytes:
        darker = images // 3
        darker[0, 0, 0] = 255  # the input's range is right
        return _convert(model, "int8", darker)

    assert "agreement" in refusal(dim, max_drop_pp=5)


def test_a_class_that_is_lost_is_named(refusal: Callable[..., str]) -> None:
    """All int8 answers for one class suffer: little of the whole, much of the class."""

    def shy_of_bags(model: Any, images: np.ndarray) -> bytes:
        kernel, bias = model.layers[-1].get_weights()
        bias[8] -= 4
        model.layers[-1].set_weights([kernel, bias])
        return _convert(model, "int8", images)

    words = refusal(shy_of_bags, max_drop_pp=5)
    assert "class drop" in words and "Bag loses" in words
    assert "drop (" not in words.replace("class drop (", "")


def test_an_output_on_another_scale_drifts_in_confidence_alone(
    refusal: Callable[..., str],
) -> None:
    """Logits three times as large order the classes as before, and are three times as sure."""

    def boasting(model: Any, images: np.ndarray) -> bytes:
        model.layers[-1].set_weights([3 * weights for weights in model.layers[-1].get_weights()])
        return _convert(model, "int8", images)

    words = refusal(boasting, max_drop_pp=1)
    assert "fails the gate on confidence drift" in words
    assert "expected calibration error" in words
    assert "also fails" not in words


def test_float_tensors_of_kept_layers_are_allowed_and_no_others(
    tiny_run: Path, tmp_path: Path
) -> None:
    images = load("train").images[:50]
    calibrated = Calibrated(trained(tiny_run), images, tmp_path, lambda done, total: None)
    model = ModelFile(name="kept", path=tmp_path / "kept.tflite")
    both = calibrated.keep(("conv2d", "dense_1"), model.path)
    assert all(check.passed for check in gate.form("int8", model, both))
    for told in ((), both[:1], both[1:]):
        failed = [check.name for check in gate.form("int8", model, told) if not check.passed]
        assert failed == ["float tensors"]


@pytest.mark.parametrize("name", sorted(models.shipped()))
def test_shipped_models_have_the_right_form(name: str) -> None:
    checks = gate.form("int8", models.resolve(name))
    assert [check.name for check in checks if not check.passed] == []
    assert {check.name for check in checks} >= {"number format", "input range", "float tensors"}


def test_a_sound_model_wants_raw_intensities(tiny_run: Path, held_out: Samples) -> None:
    assert gate.input_scaling(trained(tiny_run), held_out).passed


def test_a_drop_that_is_no_number_is_refused() -> None:
    check = gate._demand("drop", float("nan"), "<=", 0.5, "points", "it is no number")
    assert not check.passed


def test_confidence_that_keeps_its_word_has_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (200_000, 10)).astype(np.float32)
    told = softmax(logits)
    labels = (told.cumsum(axis=1) < rng.random((len(told), 1))).sum(axis=1).clip(0, 9)
    labels = labels.astype(np.uint8)
    assert calibration.calibration_error(told, labels) < 0.005
    assert calibration.calibration_error(softmax(3 * logits), labels) > 0.1
    # As sure as can be, and right every second time.
    sure = np.eye(10, dtype=np.float32)[[0, 0]]
    assert calibration.calibration_error(sure, np.array([0, 1], np.uint8)) == 0.5


def test_the_confidence_of_a_comparison_does_not_hang_on_smoothing() -> None:
    """Logits on another scale in both models are no drift; in one of them they are."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 10)).astype(np.float32)
    labels = (softmax(logits).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1).clip(0, 9)
    labels = labels.astype(np.uint8)
    both = paired.compare(logits / 3, logits / 3, labels)
    assert both.float_ece == both.quantized_ece < 0.02
    one = paired.compare(logits / 3, logits, labels)
    assert one.quantized_ece - one.float_ece > 0.05
