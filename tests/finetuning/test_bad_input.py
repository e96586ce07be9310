"""What cannot be fine-tuned: one line, the right code, nothing written."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from edgefmnist.errors import BadModel
from edgefmnist.finetuning.beginning import recipe_of
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import find
from tests.conftest import RunCli, assert_one_line, needs_litert

pytestmark = needs_litert


def changed(**fields: Any) -> ModelFile:
    """The shipped bundle with another card."""
    model = find(None)
    assert model.card is not None
    return dataclasses.replace(model, card=dataclasses.replace(model.card, **fields))


def test_a_shipped_bundle_names_its_recipe() -> None:
    for name in ("tiny", "edge", "accurate"):
        assert recipe_of(find(name)).network == name


def test_settings_of_its_training_are_taken_over() -> None:
    assert recipe_of(changed(settings={"validation_count": "3000"})).validation_count == 3_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"adapted_from": {"name": "tiny", "sha256": "0"}}, "adapted already.*--model tiny"),
        ({"recipe": None}, "names no recipe.*--model edge"),
        ({"recipe": "sketch"}, "names no recipe.*--model edge"),
        ({"settings": {"dropout": "0.5"}}, "settings that recipes no longer have.*dropout"),
    ],
)
def test_a_card_that_does_not_say_which_network(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadModel, match=words):
        recipe_of(changed(**fields))


def test_a_bare_model_says_nothing(small_model: Path) -> None:
    with pytest.raises(BadModel, match="no bundle"):
        recipe_of(find(str(small_model)))


def test_classes_of_ones_own(run_cli: RunCli, own_bundle: Path, tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    done = run_cli("adapt", photos, "--all-layers", "--model", own_bundle, "--out", out)
    assert_one_line(done, 5, "ten classes", "--model edge")
    assert not any(tmp_path.iterdir())


def test_without_tensorflow(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = run_cli(
        *("adapt", tmp_path / "photos", "--all-layers"), env={"PYTHONPATH": path}, cwd=tmp_path
    )
    assert_one_line(done, 4, "tensorflow", "pip install 'edgefmnist[train]'")
    assert [path.name for path in tmp_path.iterdir()] == ["sitecustomize.py"]
