"""The wheel carries the shipped models and runs on a device's dependencies alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgefmnist import __version__
from tests.conftest import ROOT

BUNDLE = ("model.tflite", "model.json", "golden.npz", "memory.npz", "README.md")


def test_the_wheel_holds_package_models_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for model in ("tiny", "edge", "accurate"):
        files = {f"edgefmnist/_models/{model}/{name}" for name in BUNDLE}
        assert files <= set(names)
    assert "edgefmnist/assets/demo_garments.npz" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"edgefmnist", f"edgefmnist-{__version__}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_lock_files_name_versions_and_hashes_and_no_place() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        for word in ("http:", "https:", "file:", "index-url", "find-links"):
            assert word not in text, f"{word} in {path.name}"
    core = (ROOT / "requirements" / "core.txt").read_text(encoding="utf-8")
    for heavy in ("tensorflow==", "keras==", "matplotlib=="):
        assert heavy not in core


@pytest.mark.slow
def test_the_wheel_runs_where_only_the_core_is_installed(wheel: Path, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment.pop("DISPLAY", None)

    def run(*command: object) -> str:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(sys.executable, "-m", "venv", tmp_path / "venv")
    bin_folder = tmp_path / "venv" / "bin"
    lock = ROOT / "requirements" / "core.txt"
    run(bin_folder / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r", lock)
    run(bin_folder / "python", "-m", "pip", "install", "-q", "--no-deps", wheel)
    edgefmnist = bin_folder / "edgefmnist"
    words = ("--source", "demo", "--frames", "100", "--jsonl", "--every-frame")
    told = run(edgefmnist, "camera", *words)
    lines = [json.loads(line) for line in told.splitlines()]
    lines = [line for line in lines if line["event"] != "state"]
    assert len(lines) == 100
    right = [line["label"] == line["true_label"] for line in lines if line["true_label"] != "none"]
    assert sum(right) / len(right) > 0.5
    assert json.loads(run(edgefmnist, "verify", "--json"))["passed"]
    listed = run(bin_folder / "python", "-m", "pip", "list", "--format=freeze").lower()
    assert "tensorflow" not in listed
    assert "keras" not in listed
