"""Beginning a training with a converted model's weights."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.errors import BadModel
from edgefmnist.frameworks import require_keras
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve
from edgefmnist.training import recipes, start


@pytest.mark.parametrize("name", ["edge", "tiny"])
def test_the_network_answers_as_the_model_that_it_began_from(name: str) -> None:
    require_keras()
    images = load("test").images[:500]
    model = recipes.get(name).build()
    start.begin_from(model, resolve(name), load("train").images[:1_000])
    batch = images.astype(np.float32)[..., np.newaxis]
    logits = Classifier(resolve(name), batch=100).logits(images)
    answers = np.asarray(model.predict(batch, batch_size=250, verbose=0))
    assert (answers.argmax(axis=1) == logits.argmax(axis=1)).mean() > 0.98
    assert np.abs(answers - logits).mean() < 0.1
    # By a batch's own statistics, as in a training's first step, nearly the same.
    taught = np.asarray(model(batch, training=True))
    assert (taught.argmax(axis=1) == logits.argmax(axis=1)).mean() > 0.94


def test_another_network_is_refused() -> None:
    require_keras()
    with pytest.raises(BadModel, match="does not have the layers of tiny"):
        start.begin_from(recipes.get("tiny").build(), resolve("edge"), load("test").images[:10])


def test_a_network_without_normalization_takes_no_start() -> None:
    require_keras()
    with pytest.raises(BadModel, match="does not have the layers of seed_1"):
        start.begin_from(recipes.get("seed-1").build(), resolve("edge"), load("test").images[:10])
