"""``edgefmnist adapt --all-layers`` from pictures to a bundle, by short trainings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.adaptation.records import AdaptConfig, AdaptResult
from edgefmnist.camera.pictures.notes import unheard
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.dataset import load
from edgefmnist.finetuning.finetuner import finetune
from edgefmnist.finetuning.network import Course, Tuned, Tuner
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.preprocess import Preprocessor
from edgefmnist.records import LABELS
from edgefmnist.render import adaptation as view
from edgefmnist.runtime import bundle, golden, memory
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.last_layer import PartedModel
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import find
from edgefmnist.training import recipes
from tests import wardrobe
from tests.conftest import RunCli, assert_one_line, needs_litert

pytestmark = needs_litert

_SHORT = Course(parts=2, pictures=2_000, epochs=1, views=1)


class Stages:
    """An observer who notes the names of the stages."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def stage(self, name: str, total: int | None = None) -> None:
        """See above."""
        self.names.append(name)

    def progress(self, done: int, total: int) -> None:
        """How far it is."""
        assert 0 < done <= total


def learn(photos: Path, out: Path, most_pp: float) -> tuple[AdaptResult, Stages]:
    """Fine-tune `tiny` in short trainings."""
    pytest.importorskip("tensorflow", reason="TensorFlow, which converts, is not installed")
    require_tensorflow()
    config = AdaptConfig(
        photos=photos, model=find("tiny"), out=out, max_forget_pp=most_pp, all_layers=True
    )
    stages = Stages()
    return finetune(config, load("train"), stages, unheard, _SHORT), stages


def test_a_course_is_a_recipe_changed() -> None:
    for name in ("tiny", "edge", "accurate", "seed-1"):
        recipe = Course(epochs=3, photo_share=0.5).of(recipes.get(name))
        assert (recipe.name, recipe.network) == (name, recipes.get(name).network)
        assert recipe.epochs == 3 and recipe.settling is None
        assert recipe.augmentation is not None and recipe.augmentation.photo_share == 0.5


@pytest.mark.slow
def test_all_layers_learn(
    run_cli: RunCli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = wardrobe.make(tmp_path / "photos"), tmp_path / "out"
    result, stages = learn(photos, out, most_pp=60)
    assert result.refused is None and result.card is not None
    assert result.labels == (*LABELS, *wardrobe.OWN)
    assert result.score.after > result.score.before and result.curve == ()
    assert sum("Fine-tuning" in name for name in stages.names) == 3
    assert result.old.pictures > 1_000 and result.old.before > 0.9
    view.show(result)
    assert "Learning curve" not in capsys.readouterr().out
    view.show_json(result)
    told = json.loads(capsys.readouterr().out)
    assert told["layers"] == "all" and told["learning_curve"] == [] and told["share"] > 0
    card = bundle.read_card(out)
    assert card.adapted_layers == "all" and card.adapted_from["name"] == "tiny"
    assert "--all-layers" in (out / "README.md").read_text(encoding="utf-8")
    model = find(str(out))
    parted = PartedModel(model)
    assert parted.body_sha256 != PartedModel(find("tiny")).body_sha256
    assert memory.read(model, parted.body_sha256).labels == LABELS
    assert golden.replay(Classifier(model)).passed
    assert _boxes_named(model, tmp_path) > 0.7
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "out", "photos"]
    again = run_cli("adapt", photos, "--all-layers", "--model", out, "--out", tmp_path / "two")
    assert_one_line(again, 5, "adapted already", "--model tiny")
    last = run_cli("adapt", photos, "--model", out, "--out", tmp_path / "two", "--max-forget", 60)
    assert last.returncode in (0, 3) and "flatter" in last.stderr


def _boxes_named(model: ModelFile, tmp_path: Path) -> float:
    """Share of pictures of a class of one's own, not learned from, that are named right."""
    wardrobe.fill(tmp_path / "new", "boxes", "Bag", slice(100, 120))
    preprocessor = Preprocessor()
    found = [
        preprocessor.prepare(read_picture(path).pixels).picture
        for path in sorted((tmp_path / "new" / "boxes").iterdir())
    ]
    logits = Classifier(model).logits(np.stack([one for one in found if one is not None]))
    return float((logits.argmax(axis=1) == model.labels.index("My box")).mean())


@pytest.mark.slow
def test_no_bundle_where_it_does_not_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base = find("tiny")
    as_it_was = Tuned(model=base, layer=PartedModel(base).layer())
    monkeypatch.setattr(Tuner, "tuned", lambda *_: as_it_was)
    for name in ("Bag", "Trouser"):
        wardrobe.fill(tmp_path / "photos", name, name, slice(0, 5))
    result, stages = learn(tmp_path / "photos", tmp_path / "out", most_pp=60)
    assert result.refused is not None and "does not help beyond chance" in result.refused
    assert (
        result.card is None
        and result.agreement is None
        and result.old.lost_pp == 0
        and result.share == 0
    )
    assert "Fine-tuning with all pictures" not in stages.names
    view.show(result)
    view.show_json(result)
    assert '"agreement": null' in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


@pytest.mark.slow
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow, which converts, is not installed")
    photos = wardrobe.make(tmp_path / "photos")
    (tmp_path / "temporary").mkdir()
    out = ("--model", "tiny", "--out", str(tmp_path / "out"))
    child = subprocess.Popen(
        [sys.executable, "-m", "edgefmnist", "adapt", str(photos), "--all-layers", *out],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary"), "EDGEFMNIST_PROGRESS": "json"},
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "Fine-tuning" in line and '"done": 0' not in line:
            break
    child.send_signal(signal.SIGINT)
    rest = child.stderr.read()
    assert child.wait() == 130, rest
    child.stderr.close()
    assert "Traceback" not in rest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "temporary"]
    assert not any((tmp_path / "temporary").iterdir())
