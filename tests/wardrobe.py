"""Photos of garments to learn from: the test images, drawn dark on a light ground."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edgefmnist.dataset import load
from edgefmnist.records import LABELS

CLASSES = {"COATS": "Coat", "My box": "Bag", "Leggings \N{JEANS}": "Trouser", "none": "Sandal"}
"""Folders of a wardrobe, and what of Fashion-MNIST lies in them: two are classes of one's own."""
OWN = ("Leggings \N{JEANS}", "My box")


def photo(garment: np.ndarray) -> np.ndarray:
    """A picture of 240x240, B, G, R, with the garment of a 28x28 picture on a light ground."""
    large = cv2.resize(garment, (168, 168), interpolation=cv2.INTER_CUBIC)
    pixels = np.full((240, 240, 3), 235, np.uint8)
    pixels[36:204, 36:204] -= np.minimum(large, 200)[..., None]
    return pixels


def fill(folder: Path, name: str, label: str, which: slice) -> None:
    """Put pictures of garments of `label` into `folder`/`name`, each taken in another minute."""
    test = load("test")
    (folder / name).mkdir(parents=True, exist_ok=True)
    rows = np.flatnonzero(test.labels == LABELS.index(label))[which]
    for row in rows.tolist():
        taken = f"IMG_20260131_{row // 60 % 24:02}{row % 60:02}00_{row}.png"
        cv2.imwrite(str(folder / name / taken), photo(test.images[row]))


def make(folder: Path, count: int = 12) -> Path:
    """Fill `folder` with `count` pictures for each of `CLASSES`."""
    for name, label in CLASSES.items():
        fill(folder, name, label, slice(0, count))
    return folder
