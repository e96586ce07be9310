"""Learning from another model's answers."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.errors import BadModel, UsageError
from edgefmnist.runtime.bundle import sha256_of
from edgefmnist.runtime.classifier import Classifier, softmax
from edgefmnist.runtime.models import resolve
from edgefmnist.training.teacher import Ensemble, checksums


def test_one_model_answers_with_its_probabilities() -> None:
    images = load("test").images[:100]
    logits = Classifier(resolve("edge")).logits(images)
    np.testing.assert_allclose(Ensemble([resolve("edge")])(images), softmax(logits), rtol=1e-5)


def test_several_answer_with_their_mean() -> None:
    images = load("test").images[:10]
    one = Ensemble([resolve("edge")])(images)
    np.testing.assert_allclose(Ensemble([resolve("edge")] * 3)(images), one, rtol=1e-5)
    np.testing.assert_allclose(one.sum(axis=1), 1, rtol=1e-5)


def test_a_teacher_of_other_classes_is_refused(own_bundle: Path) -> None:
    with pytest.raises(BadModel, match="own cannot teach: it has classes of its own"):
        Ensemble([resolve("edge"), resolve(str(own_bundle))])


def test_a_refused_teacher_leaves_no_training_begun(own_bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("keras", reason="Keras, which trains, is not installed")
    from edgefmnist.training import fitting, recipes
    from edgefmnist.training.records import TrainConfig

    config = TrainConfig(
        recipe=recipes.get("seed-1"),
        epochs=1,
        seed=0,
        out=tmp_path / "run",
        teachers=(resolve(str(own_bundle)),),
    )
    with pytest.raises(BadModel, match="cannot teach"):
        fitting.fit(config, load("train"), None)  # type: ignore[arg-type]
    assert not (tmp_path / "run").exists()


def test_teachers_of_one_name_are_told_apart() -> None:
    edge, tiny = resolve("edge"), resolve("tiny")
    told = checksums([edge, tiny])
    assert told == {model.name: sha256_of(model.path) for model in (edge, tiny)}
    assert edge.card is not None and tiny.card is not None
    other = dataclasses.replace(tiny, name="edge", card=dataclasses.replace(tiny.card, seed=5))
    assert list(checksums([edge, other])) == [f"edge-seed-{edge.card.seed}", "edge-seed-5"]
    bare = dataclasses.replace(edge, card=None)
    assert list(checksums([bare, bare, bare])) == ["edge", "edge-2", "edge-3"]


def test_a_checkpoint_goes_on_with_its_teachers_only(tmp_path: Path) -> None:
    from edgefmnist.frameworks import require_keras

    require_keras()
    from edgefmnist.training import checkpoint, recipes
    from edgefmnist.training.records import TrainConfig

    config = TrainConfig(
        recipe=recipes.get("edge"), epochs=1, seed=0, out=tmp_path, teachers=(resolve("edge"),)
    )
    model = recipes.get("edge").build()
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    checkpoint.save(config, model, ())
    assert checkpoint.load(config).history == ()
    alone = TrainConfig(recipe=recipes.get("edge"), epochs=1, seed=0, out=tmp_path)
    with pytest.raises(UsageError, match="--teacher"):
        checkpoint.load(alone)


def test_a_teacher_that_is_not_there_is_named_before_keras_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgefmnist", "train", "--teacher", "nobody"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
        env=os.environ | {"KERAS_BACKEND": "none such"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "nobody" in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
