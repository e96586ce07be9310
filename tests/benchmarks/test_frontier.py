"""What is recorded of the frontier is what its pages say, and belongs to the networks of today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgefmnist.frameworks import require_keras
from tests.conftest import ROOT

FRONTIER = ROOT / "benchmarks" / "frontier"


def test_the_page_is_what_its_command_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from benchmarks.frontier import __main__ as command

    monkeypatch.setattr(command, "_PAGE", tmp_path / "frontier.md")
    monkeypatch.setattr(command, "_PICTURE", tmp_path / "frontier.png")
    command.main()
    assert (tmp_path / "frontier.md").read_text() == (FRONTIER.parent / "frontier.md").read_text()
    assert (tmp_path / "frontier.png").read_bytes().startswith(b"\x89PNG")


def test_recorded_bundles_are_the_shipped_ones() -> None:
    rows = {
        row["name"]: row for row in json.loads((FRONTIER / "recorded.json").read_text())["rows"]
    }
    for name in ("tiny", "edge", "accurate"):
        bundle = ROOT / "models" / name
        record = json.loads((bundle / "model.json").read_text())
        assert rows[name]["size_bytes"] == (bundle / "model.tflite").stat().st_size
        assert rows[name]["parameters"] == record["parameters"]
        assert rows[name]["accuracy"] == record["quantized_accuracy"]


@pytest.mark.parametrize("name", ["search.json", "trials.json"])
def test_recorded_candidates_are_those_of_today(name: str) -> None:
    require_keras()
    from benchmarks.frontier.candidates import CANDIDATES, TRIALS

    tried = [candidate for _, those in TRIALS.values() for candidate in those]
    candidates = {candidate.name: candidate for candidate in (*CANDIDATES, *tried)}
    told = json.loads((FRONTIER / name).read_text())
    rows = told["rows"] if isinstance(told, dict) else told
    assert rows
    for row in rows:
        if row["name"] != "seed-3":
            assert candidates[row["name"]].build().count_params() == row["parameters"], row["name"]
