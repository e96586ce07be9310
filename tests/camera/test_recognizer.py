"""From pixels to a prediction, with a real model and real preprocessing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.recognizer import Recognizer, open_recognizer, whole_scene
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.errors import BadModel, UsageError
from edgefmnist.records import LABELS, Prediction
from edgefmnist.runtime.models import resolve

NOTHING_KNOWN = ("unknown", -1, 0, True)


@pytest.fixture(scope="module")
def garment() -> np.ndarray:
    frame = open_demo("demo").read()
    assert frame is not None and frame.true_label != -1
    return frame.pixels


def opened(model: Path, threshold: str | None = None) -> Recognizer:
    return open_recognizer(resolve(str(model)), unknown_threshold=threshold)


def test_a_garment_gets_all_ten_scores_best_first(small_model: Path, garment: np.ndarray) -> None:
    result = opened(small_model, "0").recognize(garment)
    prediction = result.prediction
    assert result.picture is not None and result.picture.shape == (28, 28)
    assert not prediction.unknown
    assert prediction.label == LABELS[prediction.label_index] == prediction.top[0][0]
    scores = [score for _, score in prediction.top]
    assert sorted(label for label, _ in prediction.top) == sorted(LABELS)
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-4)
    assert result.preprocess_ns > 0 and result.infer_ns > 0


def test_warming_up_changes_no_answer(small_model: Path, garment: np.ndarray) -> None:
    cold, warm = (opened(small_model, "0") for _ in range(2))
    warm.warm_up()
    assert warm.recognize(garment).prediction.top == cold.recognize(garment).prediction.top


def test_an_unknown_garment_keeps_its_ten_scores(small_model: Path, garment: np.ndarray) -> None:
    prediction = opened(small_model, "1").recognize(garment).prediction
    assert (
        prediction.label, prediction.label_index, prediction.score, prediction.unknown
    ) == NOTHING_KNOWN  # fmt: skip
    assert len(prediction.top) == 10 and prediction.candidates[0] == prediction.top[0]


@pytest.mark.parametrize("size", [(1, 1), (480, 640)])
def test_nothing_to_see_is_unknown_without_asking_the_model(
    small_model: Path, size: tuple[int, int]
) -> None:
    result = opened(small_model).recognize(np.full((*size, 3), 90, np.uint8))
    assert result.picture is None and result.probabilities is None and result.infer_ns == 0
    prediction = result.prediction
    assert (
        prediction.label, prediction.label_index, prediction.score, prediction.unknown
    ) == NOTHING_KNOWN  # fmt: skip
    assert prediction.top == () and prediction.candidates == ()


def test_a_model_that_tells_no_class_from_another_knows_nothing(
    tied_model: Path, garment: np.ndarray
) -> None:
    prediction = opened(tied_model).recognize(garment).prediction
    assert (
        prediction.label, prediction.label_index, prediction.score, prediction.unknown
    ) == NOTHING_KNOWN  # fmt: skip
    assert [score for _, score in prediction.top] == pytest.approx([0.1] * 10)
    assert prediction.known == 0 and prediction.candidates == ()
    assert not opened(tied_model, "off").recognize(garment).prediction.unknown


@pytest.mark.parametrize(
    ("scores", "known", "count"),
    [
        ((0.6, 0.3), 0.15, 2),
        ((0.9, 0.02), 0.15, 1),
        ((0.34, 0.33, 0.33), 0.15, 0),
        ((0.25, 0.25, 0.25, 0.25), 0.15, 0),
        ((0.5, 0.5), 0.15, 2),
        ((0.19, 0.1), 0.15, 0),
        ((0.9, 0.02), 0.01, 0),  # hardly one of the ten at all
    ],
)
def test_only_what_stands_out_is_a_candidate(
    scores: tuple[float, ...], known: float, count: int
) -> None:
    rest = (1 - sum(scores)) / (10 - len(scores))
    top = tuple(zip(LABELS, [*scores, *[rest] * (10 - len(scores))], strict=True))
    assert len(Prediction.unsure(known=known, top=top).candidates) == count


def test_answers_that_are_not_numbers_are_refused(
    bad_numbers_model: Path, garment: np.ndarray
) -> None:
    with pytest.raises(BadModel, match="finite"):
        opened(bad_numbers_model, "off").recognize(garment)


@pytest.mark.parametrize("size", [(1, 1), (480, 640), (3, 900)])
def test_off_never_answers_unknown(small_model: Path, size: tuple[int, int]) -> None:
    prediction = opened(small_model, "off").recognize(np.full((*size, 3), 90, np.uint8)).prediction
    assert not prediction.unknown and prediction.label in LABELS


@pytest.mark.parametrize("threshold", ["maybe", "-0.1", "1.1", "nan", ""])
def test_threshold_that_is_none(small_model: Path, threshold: str) -> None:
    with pytest.raises(UsageError, match="--unknown-threshold"):
        opened(small_model, threshold)


def test_whole_scene_keeps_the_shape_and_negates() -> None:
    pixels = np.full((60, 120, 3), 255, np.uint8)
    pixels[:, :60] = 0
    field = whole_scene(pixels)
    assert (field[7:21, :13] == 255).all() and (field[7:21, 15:] == 0).all()
    assert (field[:7] == 0).all() and (field[21:] == 0).all()
