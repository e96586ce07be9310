"""Answers do not depend on how a model is run, and mean what they say."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgefmnist import evaluate
from edgefmnist.dataset import load
from edgefmnist.preprocess import PREPROCESS_ID
from edgefmnist.runtime import bundle, classifier, golden
from edgefmnist.runtime.classifier import Classifier, softmax
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, needs_litert


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return load("test").images[:333]


def test_batches_and_threads_change_no_bit(images: np.ndarray) -> None:
    model = resolve(None)
    single = Classifier(model).raw(images)
    assert single.dtype == np.int8
    np.testing.assert_array_equal(Classifier(model, threads=2, batch=100).raw(images), single)


def test_scores_are_probabilities_in_the_order_of_the_logits(images: np.ndarray) -> None:
    model = Classifier(resolve(None))
    scores, logits = model.scores(images), model.logits(images)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(scores.argmax(axis=1), logits.argmax(axis=1))
    assert scores.dtype == np.float32


def test_a_model_that_ends_in_softmax_is_recognised(tiny_run: Path, tmp_path: Path) -> None:
    from edgefmnist.quantization import convert

    path = tmp_path / "softmax.tflite"
    path.write_bytes(convert.convert(convert.load_keras(tiny_run / "model.keras"), "float32"))
    model = Classifier(ModelFile(name="softmax", path=path))
    pictures = load("test").images[:50]
    np.testing.assert_allclose(model.scores(pictures), model.outputs(pictures), atol=1e-4)


def test_flipping_a_bit_is_the_general_way_of_encoding() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)

    def encoded(dtype: type, scale: float, zero_point: int) -> np.ndarray:
        tensor = np.zeros((1, 16, 16, 1), dtype)
        model = ModelFile(name="x", path=Path("x"))
        classifier.fill_input(tensor, (scale, zero_point), model)(every)
        return tensor.ravel()

    np.testing.assert_array_equal(encoded(np.int8, 1.0, -128), np.arange(-128, 128))
    np.testing.assert_array_equal(encoded(np.int8, 1.0000001, -128), np.arange(-128, 128))
    np.testing.assert_array_equal(encoded(np.float32, 0.0, 0), np.arange(256))
    assert encoded(np.uint8, 2.0, 10)[[0, 2, 255]].tolist() == [10, 11, 138]


def test_an_answer_is_its_callers_own(images: np.ndarray) -> None:
    model = Classifier(resolve(None))
    first = model.raw(images[:1])
    kept = first.copy()
    model.raw(images[1:2])
    np.testing.assert_array_equal(first, kept)


@needs_litert
def test_the_shipped_model_scores_what_its_card_says(run_cli: RunCli) -> None:
    result = run_cli("evaluate", "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    card = resolve(None).card
    assert card is not None
    assert told["accuracy"] == card.quantized_accuracy >= 0.933
    assert told["correct"] == round(told["accuracy"] * 10_000)
    assert set(told["per_class"]) == set(card.labels)
    assert told["size_bytes"] == card.size_bytes
    assert told["runtime"].split()[0] in {"ai-edge-litert", "tflite-runtime"}


def test_a_score_counts_right_answers() -> None:
    labels = np.array([0, 0, 1, 9], np.uint8)
    result = evaluate.score(np.array([0, 1, 1, 9]), labels)
    assert (result.correct, result.total, result.accuracy) == (3, 4, 0.75)
    assert result.per_class == {"T-shirt/top": 0.5, "Trouser": 1.0, "Ankle boot": 1.0}


def test_known_is_the_bundles_curve_over_the_best_logit(shipped_bundle: Path) -> None:
    classifier = Classifier(resolve(str(shipped_bundle)))
    card = bundle.read_card(shipped_bundle)
    logits = np.array([[3.0, *[-1.0] * 9], [-2.0] * 10], np.float32)
    wanted = 1 / (1 + np.exp(-(card.known_weight * np.array([3.0, -2.0]) + card.known_bias)))
    np.testing.assert_allclose(classifier.known(logits), wanted, rtol=1e-4)
    assert wanted[0] > card.unknown_threshold > wanted[1]


def test_known_of_a_bare_model_is_its_best_probability(small_model: Path) -> None:
    classifier = Classifier(resolve(str(small_model)))
    logits = np.random.default_rng(0).normal(0, 2, (20, 10)).astype(np.float32)
    np.testing.assert_allclose(classifier.known(logits), softmax(logits).max(axis=1), rtol=1e-5)


def test_the_shipped_model_was_calibrated_for_this_preprocessing(shipped_bundle: Path) -> None:
    assert bundle.read_card(shipped_bundle).preprocess == PREPROCESS_ID


def test_a_card_survives_the_trip_through_its_file(shipped_bundle: Path, tmp_path: Path) -> None:
    card = bundle.read_card(shipped_bundle)
    copy = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    changed = dataclasses.replace(card, name="other", temperature=2.5)
    (copy / "model.json").write_text(changed.to_text())
    assert bundle.read_card(copy) == changed
    assert golden.replay(Classifier(resolve(str(copy)))).model == "other"
