"""A model parted before its last layer, and put together again."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.errors import BadModel, MissingDependency
from edgefmnist.records import LABELS
from edgefmnist.runtime import memory
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.last_layer import Layer, PartedModel
from edgefmnist.runtime.models import ModelFile, find
from tests.conftest import BUNDLE, needs_litert

pytestmark = needs_litert
NAMES = ["tiny", "edge", "accurate"]


@pytest.fixture(params=NAMES)
def parted(request: pytest.FixtureRequest) -> PartedModel:
    return PartedModel(find(request.param))


def test_features_and_layer_make_the_models_logits(parted: PartedModel) -> None:
    images = load("test").images[:70]  # no whole number of batches
    made = parted.layer().logits(parted.dequantized(parted.features(images)))
    logits = Classifier(parted.model).logits(images)
    made = made.clip(logits.min(), logits.max())  # where the released output ends
    assert np.abs(made - logits).max() < 0.06  # a step of the output is 0.04 to 0.05


def test_a_layer_that_is_written_answers_as_it_says(parted: PartedModel, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = parted.dequantized(parted.features(load("test").images[:200]))
    layer = parted.layer()
    mixed = Layer(weights=layer.weights[[3, 1, 8]], bias=layer.bias[[3, 1, 8]] + rng.normal())
    expected = mixed.logits(features)
    content = parted.with_layer(mixed, (float(expected.min()), float(expected.max())))
    model = ModelFile(name="mixed", path=tmp_path / "x", content=content, labels=("a", "b", "c"))
    found = Classifier(model).logits(load("test").images[:200])
    step = (max(expected.max(), 0) - min(expected.min(), 0)) / 255
    assert np.abs(found - expected).max() < 2.5 * step


def test_the_memory_is_the_models_own(parted: PartedModel) -> None:
    remembered = memory.read(parted.model, parted.body_sha256)
    assert remembered.labels == LABELS
    assert np.abs(remembered.layer.weights - parted.layer().weights).max() < 1e-6
    clean = ~remembered.as_camera
    features = parted.dequantized(remembered.features)
    right = remembered.layer.logits(features).argmax(axis=1) == remembered.classes
    assert right[clean].mean() > 0.93 and clean.sum() == 2_000
    assert (remembered.classes == -1).sum() == 600


def test_a_model_that_ends_otherwise_has_none(tied_model: Path) -> None:
    with pytest.raises(BadModel, match="does not end in a fully connected int8 layer"):
        PartedModel(ModelFile(name="tied", path=tied_model))


def test_a_memory_is_checked(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BUNDLE, tmp_path / "edge"))
    model = find(str(folder))
    whole = memory.read(model, PartedModel(model).body_sha256)
    with np.load(folder / "memory.npz") as stored:
        arrays = dict(stored)
    for name, value in {
        "classes": np.full(len(whole.classes), 10, np.int16),
        "features": whole.features[:, :5],
        "weights": np.full_like(whole.layer.weights, np.nan),
        "labels": np.array(["Coat"] * 10),
        "body": np.array("0"),
    }.items():
        np.savez(folder / "memory.npz", **(arrays | {name: value}))
        with pytest.raises(BadModel, match=r"memory\.npz is"):
            memory.read(model, whole.body_sha256)


def test_a_runtime_without_the_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.tools", None)
    with pytest.raises(MissingDependency, match="pip install ai-edge-litert"):
        PartedModel(find("tiny"))
