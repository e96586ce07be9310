"""The 500 real garments of the demo: 50 of each class, drawn from Fashion-MNIST's test images.

``python -m edgefmnist.camera.sources.garments [DATA_FOLDER]`` makes ``assets/demo_garments.npz``
again, byte for byte: the draw has a fixed seed and looks at nothing but the labels.
"""

from __future__ import annotations

import dataclasses
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

PER_CLASS = 50
ASSET = "demo_garments.npz"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Garments:
    """Samples of the test set, in the order of their index there.

    images: uint8 [n, 28, 28]; labels: uint8 [n]; indices: uint16 [n], 0..9999 in the test set.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    indices: npt.NDArray[np.uint16]


def load_garments() -> Garments:
    """The garments that the package carries."""
    with resources.files("edgefmnist").joinpath("assets", ASSET).open("rb") as file:
        stored = np.load(file)
        return Garments(images=stored["images"], labels=stored["labels"], indices=stored["indices"])


def draw_garments(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Garments:
    """Draw `PER_CLASS` samples of each class at random with a fixed seed."""
    from edgefmnist.dataset import stratified_sample

    indices = stratified_sample(labels, 10 * PER_CLASS, seed=2017).astype(np.uint16)
    return Garments(images=images[indices], labels=labels[indices], indices=indices)


def write_asset(folder: Path, data: Path | None) -> Path:
    """Draw the garments from the test set in `data` and write them into `folder`."""
    from edgefmnist.dataset import load
    from edgefmnist.files import replacing

    samples = load("test", data)
    garments = draw_garments(samples.images, samples.labels)
    with replacing(folder / ASSET) as scratch:
        np.savez_compressed(
            scratch, images=garments.images, labels=garments.labels, indices=garments.indices
        )
    return folder / ASSET


if __name__ == "__main__":
    write_asset(
        Path(__file__).parents[2] / "assets", Path(sys.argv[1]) if len(sys.argv) > 1 else None
    )
