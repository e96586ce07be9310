"""What `--set` makes of a recipe."""

from __future__ import annotations

import pytest

from edgefmnist.errors import UsageError
from edgefmnist.sweep.variants import grid
from edgefmnist.training.recipes import get


def test_every_combination_is_a_recipe_of_its_own() -> None:
    variants = grid(get("edge"), ["learning_rate=1e-3,2e-3", "augmentation.shift=0,3"])
    assert [v.name for v in variants] == [
        "learning_rate=1e-3 augmentation.shift=0",
        "learning_rate=1e-3 augmentation.shift=3",
        "learning_rate=2e-3 augmentation.shift=0",
        "learning_rate=2e-3 augmentation.shift=3",
    ]
    last = variants[-1].recipe
    assert last.augmentation is not None and last.augmentation.shift == 3
    assert last.learning_rate == 2e-3 and last.epochs == get("edge").epochs
    assert variants[-1].command == (
        "edgefmnist train --recipe edge --set learning_rate=2e-3 --set augmentation.shift=3"
    )


def test_a_shorter_training_keeps_the_shape_of_the_recipe() -> None:
    (only,) = grid(get("edge"), ["weight_decay=0"], epochs=5)
    assert only.recipe.epochs == 72 and only.epochs == only.whole["epochs"] == 5
    assert only.command == "edgefmnist train --recipe edge --set weight_decay=0 --epochs 5"


def test_epochs_are_said_once() -> None:
    with pytest.raises(UsageError, match="leave one out"):
        grid(get("seed-1"), ["epochs=3"], epochs=3)


def test_nothing_set_is_the_recipe_itself() -> None:
    (only,) = grid(get("tiny"), [])
    assert only.recipe == get("tiny") and only.name == "tiny"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("learning_rat=1", "did you mean learning_rate?"),
        ("learning_rate", "give FIELD=VALUE"),
        ("learning_rate=1,", "give FIELD=VALUE"),
        ("learning_rate=fast", "'fast' is not a number"),
        ("learning_rate=nan", "'nan' is not a number"),
        ("learning_rate=-1", "at least 0"),
        ("batch_size=0", "at least 1"),
        ("batch_size=1.5", "not a whole number"),
        ("cosine=maybe", "neither true nor false"),
        ("network=vgg", "no network 'vgg'"),
        ("name=other", "no such field"),
        ("augmentation=1", "has parts"),
        ("epochs.more=1", "has no parts"),
        ("augmentation.turn=1", "no such field"),
        ("epochs=10", "give --epochs instead"),
        ("settling.epochs=70", "give --epochs instead"),
    ],
)
def test_what_cannot_be_set_is_said(asked: str, words: str) -> None:
    with pytest.raises(UsageError, match="--set") as caught:
        grid(get("edge"), [asked])
    assert words in str(caught.value)


def test_a_part_that_the_recipe_lacks_cannot_be_set() -> None:
    with pytest.raises(UsageError, match="has no augmentation"):
        grid(get("seed-1"), ["augmentation.shift=1"])


def test_a_field_is_set_once() -> None:
    with pytest.raises(UsageError, match="twice"):
        grid(get("seed-1"), ["batch_size=1", "batch_size=2"])
