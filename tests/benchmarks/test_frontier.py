"""What is recorded of the frontier is what its pages say, and belongs to the networks of today."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.frameworks import require_keras
from tests.conftest import ROOT

BENCHMARKS = ROOT / "benchmarks"
FRONTIER = BENCHMARKS / "frontier"
SHIPPED = {
    "tiny": "residual 3x3 16-32-42 x1",
    "edge": "residual 3x3 32-48-64 x1,2,1",
    "accurate": "residual 28x28 16-48-96 x3",
}


def _told(name: str) -> Any:
    return json.loads((FRONTIER / name).read_text())


def test_the_pages_are_what_their_command_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from benchmarks import pages
    from benchmarks.frontier import __main__ as command

    made = tmp_path / "benchmarks"
    for name in ("frontier", "pictures"):
        (made / name).mkdir(parents=True)
    readme = (ROOT / "README.md").read_text()
    (tmp_path / "README.md").write_text(readme.replace("| `tiny` |", "| `other` |"))
    monkeypatch.setattr(pages, "HERE", made)
    command.main()
    assert (tmp_path / "README.md").read_text() == readme
    for name in ("frontier.md", "frontier/search.md", "frontier/trials.md"):
        assert (made / name).read_text() == (BENCHMARKS / name).read_text(), name
    for name in ("frontier.png", "pictures/search.png"):
        assert (made / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recorded_bundle_is_the_shipped_one(name: str) -> None:
    from edgefmnist.training import recipes

    (row,) = (row for row in _told("recorded.json") if row["name"] == name)
    bundle = ROOT / "models" / name
    record = json.loads((bundle / "model.json").read_text())
    assert row["size_bytes"] == (bundle / "model.tflite").stat().st_size
    assert row["seeds"] == {str(record["seed"]): record["float_accuracy"]} | record["other_seeds"]
    assert row["accuracy"] == record["quantized_accuracy"]
    for key in ("parameters", "float_accuracy", "agreement", "drop_pp"):
        assert row[key] == record[key], key
    assert record["recipe"] == name
    if not record.get("start"):  # else it was taught further, for fewer epochs
        assert record["epochs"] == recipes.get(name).epochs


def test_candidates_have_names_of_their_own() -> None:
    require_keras()
    from benchmarks.frontier.candidates import everyone

    networks: dict[str, Any] = {}
    for candidate in everyone():
        assert networks.setdefault(candidate.name, candidate) == candidate


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_network_is_a_candidate(name: str) -> None:
    require_keras()
    from benchmarks.frontier.candidates import everyone
    from edgefmnist.training import networks

    (candidate,) = {one for one in everyone() if one.name == SHIPPED[name]}
    ours, theirs = getattr(networks, name)(), candidate.build()
    theirs.set_weights(ours.get_weights())
    pictures = np.random.default_rng(0).uniform(0, 255, (4, 28, 28, 1)).astype("float32")
    np.testing.assert_array_equal(ours.predict(pictures), theirs.predict(pictures))


def test_the_search_measured_the_candidates_of_today() -> None:
    require_keras()
    from benchmarks.frontier.candidates import everyone
    from edgefmnist.training.networks import multiply_accumulates

    rows = {row["name"]: row for row in _told("search.json")["rows"] if row["name"] != "seed-3"}
    candidates = {one.name: one for one in everyone()}
    assert rows.keys() == candidates.keys()
    for name, candidate in candidates.items():
        network = candidate.build()
        told = network.count_params(), multiply_accumulates(network)
        assert told == (rows[name]["parameters"], rows[name]["macs"]), name


def test_the_trials_are_those_of_today() -> None:
    require_keras()
    from benchmarks.frontier.candidates import TRIALS

    rows = {(row["recipe"], row["name"]): row for row in _told("trials.json")}
    tried = {(recipe, one.name): one for recipe, (_, those) in TRIALS.items() for one in those}
    assert rows.keys() == tried.keys()
    for key, candidate in tried.items():
        assert candidate.build().count_params() == rows[key]["parameters"], key
        assert rows[key]["epochs"] == TRIALS[key[0]][0]


def test_a_base_of_another_network_is_refused() -> None:
    from benchmarks.frontier.record import recorded_row
    from edgefmnist.errors import UsageError
    from edgefmnist.runtime.models import resolve

    rows = _told("recorded.json")
    edge, tiny = resolve("edge"), resolve("tiny")
    assert recorded_row(rows, edge)["name"] == "edge"
    with pytest.raises(UsageError, match="not of the network"):
        recorded_row(rows, dataclasses.replace(tiny, name="edge"))
    with pytest.raises(UsageError, match="not in"):
        recorded_row(rows, dataclasses.replace(tiny, name="nobody"))


def test_a_later_run_takes_the_place_of_what_it_measured_anew() -> None:
    from benchmarks.frontier.record import merged

    base, edge, tiny = ({"name": name, "ratio": 0.5} for name in ("base", "edge", "tiny"))
    anew = [{"name": "edge", "ratio": 3.0}, {"name": "other", "ratio": 1.0}]
    told = merged([base, edge, tiny], base, anew)
    assert [(row["name"], row["ratio"]) for row in told] == [
        ("base", 0.5), ("edge", 1.5), ("tiny", 0.5), ("other", 0.5),
    ]  # fmt: skip


def test_a_readme_without_marks_is_left_alone() -> None:
    from benchmarks.frontier.__main__ import with_table
    from edgefmnist.errors import BadInput

    readme = (ROOT / "README.md").read_text()
    begins, ends = "<!-- by python -m benchmarks.frontier -->", "<!-- to here -->"
    assert with_table(readme, "| a |").count("| a |") == 1
    for mark in (begins, ends):
        with pytest.raises(BadInput, match="lacks"):
            with_table(readme.replace(mark, ""), "| a |")


def test_trials_of_other_settings_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from benchmarks import pages
    from benchmarks.frontier import trials_page
    from edgefmnist.training import recipes

    (tmp_path / "frontier").mkdir()
    monkeypatch.setattr(pages, "HERE", tmp_path)
    monkeypatch.setattr(trials_page, "RECORDED", tmp_path / "trials.json")
    today = trials_page.settings(recipes.get("tiny"))
    row = {"recipe": "tiny", "epochs": 3, "name": "a", "parameters": 1}
    row |= {"accuracy": 0.5, "loss": 1.0, "own": 0.6, "settings": today}
    then = row | {"name": "b", "settings": today | {"weight_decay": 0.5, "settling.epochs": 2}}
    (tmp_path / "trials.json").write_text(json.dumps([row, then]))
    trials_page.write()
    text = (tmp_path / "frontier" / "trials.md").read_text()
    assert text.count("## tiny") == 1 and text.count("| network |") == 2
    assert "3 epochs.\n" in text
    assert "3 epochs; the recipe then had weight_decay 0.5, settling.epochs 2.\n" in text
