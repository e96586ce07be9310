"""Exports of shipped bundles, and bundles that are wrong in one way each."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.runtime import bundle
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from tests.conftest import ROOT, RunCli

MakeBundle = Callable[..., Path]
Exports = Callable[[str], dict[str, Any]]


@pytest.fixture
def micro() -> None:
    """Skips the test where TensorFlow Lite Micro is not installed."""
    if importlib.util.find_spec("tflite_micro") is None:
        pytest.skip("tflite-micro has no wheel for this Python or machine")


@pytest.fixture(scope="session")
def exports(run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """What ``edgefmnist export --json`` told of a shipped bundle; `out` is the folder."""
    folder = tmp_path_factory.mktemp("exports")

    @functools.cache
    def export(name: str) -> dict[str, Any]:
        out = folder / name
        result = run_cli("export", name, "--format", "c-array", "--out", out, "--json")
        assert result.returncode == 0, result.stderr
        told: dict[str, Any] = json.loads(result.stdout)
        return told

    return export


@pytest.fixture(params=["tiny", "edge", "accurate"])
def exported(request: pytest.FixtureRequest, exports: Exports) -> dict[str, Any]:
    """The export of each shipped bundle."""
    return exports(request.param)


@pytest.fixture
def tiny_export(exports: Exports) -> dict[str, Any]:
    """The export of the smallest."""
    return exports("tiny")


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    """Make a whole bundle of other contents: another model or name, or golden outputs moved."""

    def make(content: bytes | None = None, away_steps: int = 0, **fields: Any) -> Path:
        folder = Path(shutil.copytree(ROOT / "models" / "tiny", tmp_path / "bundle"))
        model = folder / bundle.MODEL
        card = bundle.read_card(folder)
        if content is not None:
            model.write_bytes(content)
        card = dataclasses.replace(card, sha256=bundle.sha256_of(model), **fields)
        (folder / bundle.CARD).write_text(card.to_text())
        with np.load(folder / bundle.GOLDEN) as stored:
            images = stored["images"]
        outputs = Classifier(ModelFile(name="x", path=model)).raw(images)
        if away_steps:
            outputs[3, 4] += np.int8(-away_steps if outputs[3, 4] > 0 else away_steps)
        np.savez_compressed(folder / bundle.GOLDEN, images=images, outputs=outputs)
        return folder

    return make
