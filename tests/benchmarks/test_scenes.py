"""The benchmarks on rendered scenes run against the camera's parts of today."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import background, pages, scenes


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "HERE", tmp_path)


def test_a_learned_background_is_held_against_the_search(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["background", "--seeds", "1", "--frames", "12"])
    background.main()
    *_, search, learned = (tmp_path / "background.md").read_text().strip().splitlines()
    for row, name in ((search, "search"), (learned, "learned background")):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        right, _, garments = cells[5].split()
        empty, _, nothing = cells[6].split()
        assert cells[0] == name and float(cells[3]) > 0.9
        assert int(garments) + int(nothing) == 12
        assert int(right) > int(garments) / 2 and empty == nothing


def test_scenes_are_counted_by_what_they_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["scenes", "40"])
    scenes.main()
    *_, garments, nothing = (tmp_path / "scenes.md").read_text().strip().splitlines()
    shown = [int(row.strip("|").split("|")[1]) for row in (garments, nothing)]
    assert sum(shown) == 40 and min(shown) > 0
