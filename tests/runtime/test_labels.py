"""A model's labels are its bundle's."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.bench.measure import measure
from edgefmnist.bench.records import BenchConfig
from edgefmnist.errors import BadModel
from edgefmnist.records import LABELS
from edgefmnist.runtime import golden
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve
from edgefmnist.runtime.proof import Proof
from tests import own_classes
from tests.conftest import RunCli, assert_one_line


def test_what_ships_has_fashion_mnists() -> None:
    model = resolve(None)
    assert model.labels == Classifier(model).labels == LABELS


def test_a_bundle_of_ones_own_answers_with_its_own(own_bundle: Path) -> None:
    model = resolve(str(own_bundle))
    ours, released = Classifier(model, batch=7), Classifier(resolve(None))
    assert model.labels == ours.labels == own_classes.LABELS
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    np.testing.assert_array_equal(ours.raw(images), released.raw(images)[:, own_classes.ROWS])
    assert ours.scores(images).shape == (20, 4)
    assert golden.replay(ours).passed


@pytest.mark.parametrize("count", [2, 40])
def test_from_two_to_forty_classes(own_bundle: Path, tmp_path: Path, count: int) -> None:
    labels = [f"Hat {n}" for n in range(count)]
    folder = own_classes.write(tmp_path / "many", labels, [n % 10 for n in range(count)])
    classifier = Classifier(resolve(str(folder)))
    assert classifier.labels == tuple(labels) and golden.replay(classifier).passed


def changed(folder: Path, at: Path, **fields: object) -> str:
    copy = Path(shutil.copytree(folder, at / "copy"))
    card = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(card | fields))
    return str(copy)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["Hat"] * 4, "too much alike: Hat and Hat"),
        (["Hat", "a\nb", "c", "d"], "labels is not what it should be"),
        (["Hat", "\x1b[31m", "c", "d"], "labels is not what it should be"),
        (["Hat", "x" * 41, "c", "d"], "over 40 characters"),
        (["Hat", "unknown", "c", "d"], "none of the classes"),
        (["Hat", 3, "c", "d"], "labels is not what it should be"),
        (["Hat"], "1 labels, where 2 to 40"),
        ([], "0 labels"),
        ("abcd", "is no list"),
        (["Hat", "b", "c"], "gives 4 scores, its record names 3 labels"),
        (["Hat", "b", "c", "d", "e"], "gives 4 scores, its record names 5 labels"),
    ],
)
def test_labels_that_are_refused(
    own_bundle: Path, tmp_path: Path, labels: object, said: str
) -> None:
    with pytest.raises(BadModel) as caught:
        resolve(changed(own_bundle, tmp_path, labels=labels))
    assert said in str(caught.value) and str(caught.value).isprintable()


def test_a_bare_model_of_other_than_ten_outputs_is_refused(
    own_bundle: Path, run_cli: RunCli
) -> None:
    said = "nothing names their classes: without a bundle a model has Fashion-MNIST's 10"
    with pytest.raises(BadModel, match=said):
        resolve(str(own_bundle / "model.tflite"))
    done = run_cli("verify", "--model", own_bundle / "model.tflite")
    assert_one_line(done, 5, "gives 4 scores", "name the bundle's folder instead")


def test_its_bytes_can_be_run_before_there_is_a_bundle(own_bundle: Path) -> None:
    content = (own_bundle / "model.tflite").read_bytes()
    model = ModelFile(name="new", path=Path("new"), content=content, labels=own_classes.LABELS)
    assert Classifier(model).labels == own_classes.LABELS


def test_golden_vectors_of_another_number_of_classes(own_bundle: Path, tmp_path: Path) -> None:
    copy = Path(changed(own_bundle, tmp_path))
    shutil.copy(resolve(None).path.with_name("golden.npz"), copy)
    with pytest.raises(BadModel, match="outputs of shape"):
        golden.replay(Classifier(resolve(str(copy))))


def test_verify_names_its_classes(own_bundle: Path, tmp_path: Path, run_cli: RunCli) -> None:
    copy = Path(changed(own_bundle, tmp_path))
    stored = dict(np.load(copy / "golden.npz"))
    stored["outputs"][0, 1] += 1 if stored["outputs"][0, 1] < 0 else -1
    np.savez_compressed(copy / "golden.npz", **stored)
    done = run_cli("verify", "--model", copy)
    assert done.returncode == 3 and "Müller's skirt" in done.stdout
    told = json.loads(run_cli("verify", "--model", copy, "--json").stdout)
    assert told["mismatches"][0]["output"] == "Müller's skirt"


def test_the_proof_hands_over_its_labels(own_bundle: Path) -> None:
    proof, end = Proof(str(own_bundle)), time.monotonic() + 60
    try:
        while (model := proof.poll()) is None and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        proof.close()
    assert model is not None and model.labels == own_classes.LABELS
    assert dataclasses.replace(model, content=None).labels == own_classes.LABELS


def test_bench_times_it(own_bundle: Path) -> None:
    config = BenchConfig(models=(resolve(str(own_bundle)),), windows=1, window_s=0.01, warmup_s=0)
    (row,) = measure(config).rows
    assert row.model == "own" and len(row.windows[0].latencies_ns)
