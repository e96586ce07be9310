"""A wardrobe: garments of the test images, drawn dark on a light ground like photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.dataset import load
from edgefmnist.records import LABELS

Fill = Callable[[Path, str, str, slice], None]


def photo(garment: np.ndarray) -> np.ndarray:
    """A picture of 240x240, B, G, R, with the garment of a 28x28 picture on a light ground."""
    large = cv2.resize(garment, (168, 168), interpolation=cv2.INTER_CUBIC)
    pixels = np.full((240, 240, 3), 235, np.uint8)
    pixels[36:204, 36:204] -= np.minimum(large, 200)[..., None]
    return pixels


@pytest.fixture(scope="session")
def fill() -> Fill:
    """A function that fills a folder with pictures of garments, each taken in another minute."""
    test = load("test")

    def pictures(folder: Path, name: str, label: str, which: slice) -> None:
        (folder / name).mkdir(parents=True, exist_ok=True)
        rows = np.flatnonzero(test.labels == LABELS.index(label))[which]
        for row in rows.tolist():
            taken = f"IMG_20260131_{row // 60 % 24:02}{row % 60:02}00_{row}.png"
            cv2.imwrite(str(folder / name / taken), photo(test.images[row]))

    return pictures


@pytest.fixture(scope="session")
def wardrobe(tmp_path_factory: pytest.TempPathFactory, fill: Fill) -> Path:
    """Coats, two classes of one's own, and pictures of none: 12 of each."""
    folder = tmp_path_factory.mktemp("wardrobe")
    some = slice(0, 12)
    for name, label in (
        ("COATS", "Coat"),
        ("My box", "Bag"),
        ("Leggings \N{JEANS}", "Trouser"),
        ("none", "Sandal"),
    ):
        fill(folder, name, label, some)
    return folder
