"""Golden vectors: inputs with the exact outputs a model gave when it was released."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadModel
from edgefmnist.records import LABELS
from edgefmnist.runtime import bundle
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import ModelFile

PER_CLASS = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How a device reproduced a bundle's golden vectors.

    exact: vectors whose ten outputs are equal to the last bit.
    same_label: vectors with the same best class.
    largest_step: greatest difference of one output, in steps of the output's scale (in the
        output's own unit for a float model).
    runtime: the one used here; made_with: the one of the release.
    """

    model: str
    total: int
    exact: int
    same_label: int
    largest_step: float
    runtime: str
    made_with: str

    @property
    def passed(self) -> bool:
        """Every vector equal to the last bit."""
        return self.exact == self.total


def write(path: Path, classifier: Classifier, images: npt.NDArray[np.uint8]) -> None:
    """Run `images` (uint8 [n, 28, 28]) one at a time and keep inputs and outputs in `path`."""
    np.savez_compressed(path, images=images, outputs=classifier.raw(images))


def read(model: ModelFile) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """A bundle's golden inputs, uint8 [n, 28, 28], and outputs [n, 10] in the model's own dtype.

    Raises: BadModel when the model is no bundle or its vectors are missing or damaged.
    """
    if model.folder is None:
        raise BadModel(f"{model.path} has no golden vectors: only a bundle has them")
    path = model.folder / bundle.GOLDEN
    try:
        stored = np.load(path)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise ValueError("no .npz archive")
        with stored:
            images, expected = stored["images"], stored["outputs"]
        if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or not len(images):
            raise ValueError("no uint8 pictures of 28x28")
        if expected.shape != (len(images), len(LABELS)):
            raise ValueError(f"outputs of shape {expected.shape}")
    except Exception as error:  # NumPy, zipfile and zlib raise many kinds at damaged bytes
        raise BadModel(f"{path} is missing or damaged ({error}): copy the bundle again") from error
    return images, expected


def replay(classifier: Classifier) -> Replay:
    """Run a bundle's golden inputs and compare the outputs.

    Raises: BadModel as `read` does.
    """
    model = classifier.model
    images, expected = read(model)
    assert model.card is not None
    found = classifier.raw(images)
    if found.dtype != expected.dtype:
        path = model.path.with_name(bundle.GOLDEN)
        raise BadModel(f"{path} holds {expected.dtype} outputs, the model gives {found.dtype}")
    distance = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    return Replay(
        model=model.name,
        total=len(images),
        exact=int((found == expected).all(axis=1).sum()),
        same_label=int((found.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        largest_step=float(distance.max()),
        runtime=classifier.runtime,
        made_with=model.card.runtime,
    )
