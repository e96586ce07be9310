"""Recipes are what they say they are."""

from __future__ import annotations

import pytest

from edgefmnist.errors import UsageError
from edgefmnist.frameworks import require_keras
from edgefmnist.training import recipes

PARAMETERS = {"seed-1": 173_738, "seed-2": 515_146, "seed-3": 1_421_194}
PARAMETERS |= {"quick": 170_794, "tiny": 49_914, "edge": 166_634, "accurate": 591_578}


@pytest.mark.parametrize("name", PARAMETERS)
def test_networks_have_the_stated_size_and_contract(name: str) -> None:
    require_keras()
    model = recipes.get(name).build()
    assert model.count_params() == PARAMETERS[name]
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize("name", ["seed-1", "seed-2", "seed-3"])
def test_the_tutorials_settings_are_the_tutorials(name: str) -> None:
    recipe = recipes.get(name)
    assert (recipe.epochs, recipe.batch_size, recipe.validation_count) == (50, 512, 12_000)
    assert recipe.learning_rate == 1e-3  # Adam's default
    assert not recipe.cosine
    assert recipe.augmentation is None
    assert recipe.weight_decay == recipe.label_smoothing == 0


def test_seed_3_is_the_tutorials_network_layer_by_layer() -> None:
    require_keras()
    model = recipes.get("seed-3").build()
    kinds = [type(layer).__name__ for layer in model.layers[1:]]
    assert kinds == [
        *("Rescaling", "Conv2D", "MaxPooling2D", "Dropout", "Conv2D", "Dropout", "Conv2D"),
        *("Dropout", "Flatten", "Dense", "Dropout", "Dense"),
    ]
    rates = [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"]
    assert rates == [0.25, 0.25, 0.4, 0.4]
    assert model.layers[-1].activation.__name__ == "softmax"


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean seed-3"):
        recipes.get("sed-3")
