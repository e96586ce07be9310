"""The models learned from somebody's photos, and which of them is in use after a restart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgefmnist.camera.labelling.learned import KEPT, LearnedModels
from edgefmnist.runtime.models import shipped


def learn(models: LearnedModels) -> str:
    """A bundle where the next one belongs, as `adapt` writes it."""
    out = models.next()
    shutil.copytree(shipped()["tiny"], out)
    models.note_result(out.name, {"pictures": 7})
    return out.name


def test_use_and_back_survive_a_restart(photos: Path) -> None:
    models = LearnedModels(photos, "edge")
    assert models.folder == photos.with_name("wardrobe-models") and models.spec() == "edge"
    assert not models.folder.exists() and models.newest() is None
    first = learn(models)
    models.use(first)
    second = learn(models)
    models.use(second)
    again = LearnedModels(photos, "edge")
    assert again.spec() == str(models.folder / second) and again.result(second) == {"pictures": 7}
    again.go_back()
    assert LearnedModels(photos, "edge").in_use.name == first
    again.go_back()
    last = LearnedModels(photos, "edge")
    assert last.spec() == "edge" and last.in_use.before == () and last.newest() == second


def test_another_model_in_the_command_is_what_was_asked_for_last(photos: Path) -> None:
    models = LearnedModels(photos, None)
    models.use(learn(models))
    assert LearnedModels(photos, "tiny").spec() == "tiny"
    assert LearnedModels(photos, None).spec() == str(models.folder / "learned-1")


def test_the_last_five_are_kept(photos: Path) -> None:
    models = LearnedModels(photos, None)
    for _ in range(KEPT + 4):
        models.use(learn(models))
    there = {path.name for path in models.folder.iterdir()} - {"in-use.json"}
    kept = {f"learned-{number}" for number in range(4, 10)}
    assert there == kept | {f"{name}.json" for name in kept}
    for number in range(8, 3, -1):
        models.go_back()
        assert models.in_use.name == f"learned-{number}"
    assert models.in_use.before == ()
    assert models.next().name == "learned-10"


def test_what_is_not_finished_is_no_model_and_is_cleared_up(photos: Path) -> None:
    models = LearnedModels(photos, None)
    folder = models.next().parent
    (folder / ".learned-1.0123456789abcdef.part").mkdir()
    (folder / "learned-7").mkdir()
    (folder / "learned-x").mkdir()
    (folder / "mine").write_text("stays")
    assert models.newest() is None and models.next().name == "learned-1"
    assert sorted(path.name for path in folder.iterdir()) == ["learned-7", "learned-x", "mine"]


@pytest.mark.parametrize(
    "told",
    [
        *("", "[]", "{", '{"given": null}', '{"given": null, "name": "../../models/edge"}'),
        '{"given": null, "name": "learned-9"}',
        '{"given": null, "name": 5, "before": "x"}',
        '{"given": null, "name": null, "before": [["x"], "learned-9", {}]}',
    ],
)
def test_a_damaged_note_means_the_given_model(photos: Path, told: str) -> None:
    models = LearnedModels(photos, None)
    models.next()
    (models.folder / "in-use.json").write_text(told)
    again = LearnedModels(photos, None)
    assert again.spec() is None and again.in_use.before == ()


def test_the_note_is_json_for_people_too(photos: Path) -> None:
    models = LearnedModels(photos, None)
    models.use(learn(models))
    told = json.loads((models.folder / "in-use.json").read_text())
    assert told == {"given": None, "name": "learned-1", "before": [None]}
