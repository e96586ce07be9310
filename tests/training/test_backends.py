"""The same recipe trains under every backend of Keras, and each one's file can be quantized."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunCli

SCRIPT = Path(__file__).parent / "short_training.py"


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_a_backends_model_is_quantized(backend: str, run_cli: RunCli, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    trained = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "run"), "--recipe", "seed-3"],
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["versions"]["backend"] == backend
    assert result["test"]["accuracy"] > 0.6  # chance is 0.1
    done = run_cli("quantize", tmp_path / "run", "--out", tmp_path / "int8", "--max-drop", 3)
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "int8/model.json").read_text())
    assert card["recipe"] == "seed-3" and abs(card["drop_pp"]) < 3
