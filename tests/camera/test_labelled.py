"""``evaluate --pictures``: accuracy on folders of labelled pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.class_names import class_of
from edgefmnist.records import LABELS
from tests.conftest import RunCli, assert_one_line


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered scenes by class, and one empty scene among the coats."""
    folder, source = tmp_path_factory.mktemp("wardrobe"), open_demo("demo:5")
    for index in range(60):
        frame = source.read()
        assert frame is not None and frame.true_label is not None
        if frame.true_label >= 0:
            own = folder / LABELS[frame.true_label].replace("/", "_").lower()
            own.mkdir(exist_ok=True)
            cv2.imwrite(str(own / f"{index}.png"), frame.pixels)
    (folder / "Coats").mkdir()
    cv2.imwrite(str(folder / "Coats" / "none.png"), np.full((240, 320, 3), 90, np.uint8))
    return folder


def test_accuracy_confusion_and_what_is_unknown(run_cli: RunCli, wardrobe: Path) -> None:
    done = run_cli("evaluate", "--pictures", wardrobe, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    answers = run_cli("predict", *sorted(wardrobe.iterdir()), "--jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in answers]
    right = [
        class_of(Path(row["path"]).parent.name) == row["label_index"] and not row["unknown"]
        for row in rows
    ]
    assert (told["correct"], told["total"]) == (sum(right), len(rows))
    assert told["accuracy"] == sum(right) / len(rows)
    assert told["unknown"] == sum(row["unknown"] for row in rows) >= 1
    assert all(len(row) == 11 for row in told["confusion"]) and told["unreadable"] == []
    coats = told["confusion"][LABELS.index("Coat")]
    assert told["per_class"]["Coat"] == coats[LABELS.index("Coat")] / sum(coats)
    table = run_cli("evaluate", "--pictures", wardrobe)
    assert "Coat" in table.stdout and "which count as wrong" in table.stdout


def test_what_cannot_be_read_counts_for_nothing_and_is_said(
    run_cli: RunCli, wardrobe: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(wardrobe, tmp_path / "copy"))
    (copy / "Coats" / "torn.jpg").write_bytes(b"torn")
    done = run_cli("evaluate", "--pictures", copy, "--json")
    assert done.returncode == 5 and "torn.jpg" in done.stderr
    assert json.loads(done.stdout)["unreadable"] == [str(copy / "Coats" / "torn.jpg")]


def test_folders_that_are_none(run_cli: RunCli, tmp_path: Path) -> None:
    def refused(*words: str) -> None:
        assert_one_line(run_cli("evaluate", "--pictures", tmp_path / "a"), 5, *words)

    refused("cannot list")
    (tmp_path / "a").mkdir()
    refused("has no folders", "Ankle boot")
    (tmp_path / "a" / "hat").mkdir()
    refused("named after no class: hat", "T-shirt/top")
    (tmp_path / "a" / "hat").rename(tmp_path / "a" / "bag")
    refused("no pictures in")
