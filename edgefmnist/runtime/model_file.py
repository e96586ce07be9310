"""A model to run: the bytes that were checked, and what its bundle says of it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle
from edgefmnist.runtime.bundle import BundleCard


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model to run.

    labels: names of the classes in the order of the model's outputs; those of Fashion-MNIST where
    nothing names them. card, folder: None for a bare `.tflite`. content: the bytes that were
    checked; None where the file is one that we just made.
    """

    name: str
    path: Path
    card: BundleCard | None = None
    folder: Path | None = None
    content: bytes | None = dataclasses.field(default=None, repr=False)
    labels: tuple[str, ...] = LABELS

    def read(self) -> bytes:
        """The model itself: what was checked, whatever the file holds by now. Raises: BadModel."""
        return bundle.read_model(self.path) if self.content is None else self.content

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the model. Raises: BadModel."""
        return hashlib.sha256(self.read()).hexdigest()
