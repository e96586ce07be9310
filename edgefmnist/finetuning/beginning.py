"""Which bundles can be fine-tuned, and by which recipe."""

from __future__ import annotations

from edgefmnist.errors import BadModel, UsageError
from edgefmnist.records import LABELS
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.training import recipes, settings
from edgefmnist.training.recipes import RECIPES, Recipe


def recipe_of(model: ModelFile) -> Recipe:
    """The recipe that a bundle's network was trained by.

    Its weights are those that the converted model holds (`edgefmnist.training.start`): no float
    model is needed.

    Raises: BadModel where no network can be made of it, or it has seen somebody's pictures already.
    """
    card = model.card
    if card is None:
        raise BadModel(
            f"{model.path} is no bundle, and nothing says which network it is: name a bundle"
        )
    if card.adapted_from:
        raise BadModel(
            f"{model.folder} was adapted already: --all-layers begins with the bundle that it came "
            f"from, --model {card.adapted_from.get('name', 'edge')}"
        )
    if model.labels != LABELS:
        raise BadModel(
            f"{model.folder} does not have Fashion-MNIST's ten classes: --all-layers begins with a "
            "bundle that does, such as --model edge"
        )
    if card.recipe not in RECIPES:
        raise BadModel(
            f"{model.folder} names no recipe whose network could be trained further: --all-layers "
            "begins with a bundle of edgefmnist train and quantize, such as --model edge"
        )
    try:
        return settings.changed(recipes.get(card.recipe), card.settings)
    except UsageError as error:
        raise BadModel(
            f"{model.folder} was trained with settings that recipes no longer have ({error}): name "
            "another bundle, such as --model edge"
        ) from error
