"""``edgefmnist adapt`` from pictures to a bundle that every other command takes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.preprocess import Preprocessor
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle, flatbuffer
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import find
from tests.conftest import BUNDLE, RunCli, assert_one_line, needs_litert
from tests.wardrobe import OWN, fill

pytestmark = needs_litert


@pytest.fixture(scope="module")
def adapted(
    run_cli: RunCli, wardrobe: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """A bundle that learned the wardrobe, and what the command said."""
    out = tmp_path_factory.mktemp("adapted") / "mine"
    done = run_cli("adapt", wardrobe, "--out", out, "--max-forget", 60, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return out, told


def test_the_result_says_what_it_brought_and_cost(adapted: tuple[Path, dict[str, Any]]) -> None:
    out, told = adapted
    assert told["out"] == str(out) and told["refused"] is None
    assert told["labels"] == [*LABELS, *OWN]
    rows = {row["label"]: row for row in told["classes"]}
    assert [*rows] == ["Coat", *OWN, "unknown"]
    assert all(rows[label]["own"] and rows[label]["before"] == 0 for label in OWN)
    assert not rows["Coat"]["own"]
    assert told["score"]["after"] > told["score"]["before"]
    assert told["score"]["gain_interval_pp"][0] > 0
    assert sum(row["pictures"] for row in rows.values()) == told["pictures"] <= 48
    old = told["old_classes"]
    assert old["pictures"] == 2_000 and old["before"] > 0.9
    points = [point["pictures"] for point in told["learning_curve"]]
    assert points == sorted(points) and points[-1] == told["pictures"]
    assert told["agreement"] > 0.95


def test_the_bundle_says_what_it_came_from(adapted: tuple[Path, dict[str, Any]]) -> None:
    out, told = adapted
    card, base = bundle.read_card(out), bundle.read_card(BUNDLE)
    assert card.labels == (*LABELS, *OWN)
    assert card.adapted_from == {"name": "edge", "sha256": base.sha256}
    assert card.adapted_pictures == {row["label"]: row["pictures"] for row in told["classes"]}
    assert card.adapted_scores["after"] == pytest.approx(told["score"]["after"], abs=1e-4)
    text = (out / "README.md").read_text(encoding="utf-8")
    assert base.sha256 in text and "My box" in text


def constants(path: Path) -> list[bytes]:
    """All constants of a model in the order of its operators but for the last one's."""
    tools = flatbuffer.tools("a test")
    model = tools.read_model(str(path))
    graph = model.subgraphs[0]
    inputs = [at for operator in graph.operators[:-1] for at in operator.inputs if at >= 0]
    data = [model.buffers[graph.tensors[at].buffer].data for at in inputs]
    return [bytes(one) for one in data if one is not None]


def test_all_other_weights_stay_byte_for_byte(adapted: tuple[Path, dict[str, Any]]) -> None:
    before, after = (constants(folder / "model.tflite") for folder in (BUNDLE, adapted[0]))
    assert before == after and len(before) > 20


def test_it_knows_pictures_that_it_has_not_seen(
    adapted: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    fill(tmp_path, "boxes", "Bag", slice(100, 120))
    classifier, preprocessor = Classifier(find(str(adapted[0]))), Preprocessor()
    found = [
        preprocessor.prepare(read_picture(path).pixels).picture
        for path in sorted((tmp_path / "boxes").iterdir())
    ]
    logits = classifier.logits(np.stack([picture for picture in found if picture is not None]))
    answers = [classifier.labels[at] for at in logits.argmax(axis=1)]
    assert answers.count("My box") >= 0.7 * len(answers) >= 10


def test_its_golden_vectors_hold(run_cli: RunCli, adapted: tuple[Path, dict[str, Any]]) -> None:
    done = run_cli("verify", adapted[0], "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["passed"] and told["exact"] == told["total"] == 50


@pytest.mark.slow
def test_learning_again_begins_where_the_first_did(
    run_cli: RunCli, adapted: tuple[Path, dict[str, Any]], wardrobe: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    words = ("--model", adapted[0], "--out", again, "--max-forget", 60)
    done = run_cli("adapt", wardrobe, *words)
    assert done.returncode == 0, done.stderr
    assert bundle.read_card(again).sha256 == bundle.read_card(adapted[0]).sha256
    assert bundle.read_card(again).adapted_from["name"] == "edge"
    assert "Learning curve" in done.stdout and "My box" in done.stdout


def test_only_the_classes_of_the_folders(run_cli: RunCli, wardrobe: Path, tmp_path: Path) -> None:
    done = run_cli("adapt", wardrobe, "--only", "--out", tmp_path / "only", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["labels"] == ["Coat", *OWN]
    assert told["dropped"] == [label for label in LABELS if label != "Coat"]
    model = find(str(tmp_path / "only"))
    assert Classifier(model).raw(np.zeros((1, 28, 28), np.uint8)).shape == (1, 3)


@pytest.mark.slow
def test_no_bundle_where_the_old_classes_would_be_forgotten(
    run_cli: RunCli, wardrobe: Path, tmp_path: Path
) -> None:
    done = run_cli("adapt", wardrobe, "--out", tmp_path / "out", "--max-forget", 0)
    assert_one_line(done, 3, "--max-forget", "lose")
    assert "Coat" in done.stdout  # the table is there all the same
    assert not any(tmp_path.iterdir())


def test_no_bundle_where_it_does_not_help(run_cli: RunCli, tmp_path: Path) -> None:
    for name in ("Bag", "Trouser"):  # of which nearly all are right already
        fill(tmp_path / "photos", name, name, slice(0, 5))
    done = run_cli("adapt", tmp_path / "photos", "--out", tmp_path / "out")
    assert_one_line(done, 3, "does not help beyond chance")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_killed_half_way_it_leaves_what_was_there(
    wardrobe: Path, adapted: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out = Path(shutil.copytree(adapted[0], tmp_path / "out"))
    words = ["adapt", str(wardrobe), "--out", str(out), "--max-forget", "60"]
    child = subprocess.Popen(
        [sys.executable, "-m", "edgefmnist", *words], stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None and "Finding garments" in child.stderr.readline()
    time.sleep(0.2)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stderr.close()
    assert bundle.read_card(out).sha256 == bundle.read_card(adapted[0]).sha256
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
