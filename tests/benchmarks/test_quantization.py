"""The page on quantization, made of a small run."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_page_and_its_pictures(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.quantization import calibration
    from benchmarks.quantization.__main__ import run

    monkeypatch.setattr(calibration, "_COUNTS", (5, 20))
    monkeypatch.setattr(calibration, "_SUBSETS", 2)
    run(argparse.Namespace(run=tiny_run, out=tmp_path))
    page = (tmp_path / "quantization.md").read_text()
    assert "$" not in page
    for variant in ("float32", "float16", "dynamic", "int8", "int16x8"):
        assert f"| `{variant}` |" in page
    for goal in ("fastest", "smallest", "most-accurate"):
        assert f"| `{goal}` |" in page
    assert "| 5 |" in page and "| 20 |" in page
    assert page.count("\n## ") == 3
    for lines in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):  # whole tables
        assert len({line.count("|") for line in lines.splitlines()}) == 1
    shown = set(re.findall(r"\((pictures/[^)]+)\)", page))
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")}
    assert shown == written and len(shown) == 3
