"""What a bundle is given to remember."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgefmnist.dataset import Samples, load
from edgefmnist.quantization.remembering import remember
from edgefmnist.records import LABELS, Certainty
from edgefmnist.runtime import memory
from edgefmnist.runtime.last_layer import PartedModel
from edgefmnist.runtime.models import ModelFile, find
from tests.conftest import needs_litert

CERTAINTY = Certainty(temperature=1.5, known_weight=2.0, known_bias=-1.0, unknown_threshold=0.25)


def held_out() -> tuple[Samples, np.ndarray, np.ndarray]:
    """Pictures, the same as a camera would show them with outliers behind, which are garments."""
    test = load("test")
    samples = Samples(images=test.images[:400], labels=test.labels[:400])
    return samples, test.images[:500], np.arange(500) < 400


@needs_litert
def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    model = find("tiny")
    told = remember(model, *held_out(), CERTAINTY)
    assert told is not None
    assert len(told.classes) == 400 + 400 + 100 and (told.classes == -1).sum() == 100
    assert told.as_camera.sum() == 500 and not told.as_camera[:400].any()
    assert np.unique(told.classes[:400]).tolist() == list(range(10))
    told.write(tmp_path / memory.MEMORY)
    sha256 = PartedModel(model).body_sha256
    placed = ModelFile(name="x", path=model.path, folder=tmp_path, card=model.card)
    found = memory.read(placed, sha256)
    assert found.certainty == CERTAINTY and found.labels == LABELS
    for name in ("features", "classes", "as_camera"):
        np.testing.assert_array_equal(getattr(found, name), getattr(told, name))
    np.testing.assert_array_equal(found.layer.weights, told.layer.weights)


def test_a_model_that_cannot_be_adapted_remembers_nothing(tied_model: Path) -> None:
    assert remember(ModelFile(name="x", path=tied_model), *held_out(), CERTAINTY) is None
