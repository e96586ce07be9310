"""Kept frames as ``--save-uncertain`` writes them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.events import CameraEvent
from edgefmnist.camera.labelling import LabelPage
from edgefmnist.camera.labelling.labels import Labelling, open_labelling
from edgefmnist.camera.labelling.learned import LearnedModels
from edgefmnist.camera.labelling.learning import Learning
from edgefmnist.camera.reloading import ModelRequests
from edgefmnist.records import LABELS


def stem_of(number: int) -> str:
    return f"edgefmnist-{number:08}-20260131T1200{number % 60:02}Z"


def keep(
    folder: Path,
    number: int,
    *,
    label: str = "Coat",
    score: float = 0.5,
    known: float = 0.9,
    why: str = "uncertain",
    pixels: np.ndarray | None = None,
) -> str:
    """One frame as it is kept; returns its stem."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = stem_of(number)
    rest = [(other, (1 - score) / 9) for other in LABELS if other != label]
    if pixels is None:
        pixels = np.full((48, 64, 3), number % 256, np.uint8)
    (folder / f"{stem}.jpg").write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())
    seen = np.full((28, 28), number % 256, np.uint8)
    (folder / f"{stem}.png").write_bytes(cv2.imencode(".png", seen)[1].tobytes())
    fields = {
        "time": f"2026-01-31T12:00:{number % 60:02}.000Z",
        "why": why,
        "known": known,
        "unknown": False,
        "top": [{"label": name, "score": share} for name, share in [(label, score), *rest]],
    }
    (folder / f"{stem}.json").write_text(json.dumps(fields))
    return stem


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    return tmp_path / "frames"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return tmp_path / "wardrobe"


@pytest.fixture
def labelling(frames: Path, photos: Path) -> Labelling:
    return open_labelling(frames, photos)


def label_page(
    frames: Path,
    photos: Path,
    keep_one: Callable[[CameraEvent], bool] | None = None,
    requests: ModelRequests | None = None,
) -> LabelPage:
    """What the page needs, without a camera behind it."""
    models = LearnedModels(photos, None)
    return LabelPage(
        labelling=open_labelling(frames, photos, keep_one),
        learning=Learning(photos, models, (requests or ModelRequests()).ask),
    )


def other_disk() -> Path | None:
    """A folder of another file system, where this machine has one that can be written."""
    shared = Path("/dev/shm")
    usable = shared.is_dir() and os.access(shared, os.W_OK)
    return shared if usable else None
