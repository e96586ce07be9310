"""Gives bundles that were quantized without one their `memory.npz`, for `edgefmnist adapt`.

python -m benchmarks.remember models/tiny models/edge models/accurate

Features of 2,000 pictures that were held out of the training, of 600 of them as a camera would show
them and of 600 outliers, as `edgefmnist quantize` writes them; the model stays as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import Samples, load
from edgefmnist.dataset.split import SPLIT_SEED, split_validation
from edgefmnist.errors import BadModel
from edgefmnist.quantization.calibration import camera_pictures
from edgefmnist.quantization.remembering import remember
from edgefmnist.records import Certainty
from edgefmnist.runtime.memory import MEMORY
from edgefmnist.runtime.models import resolve

_VALIDATION_COUNT = 5_000


def run(bundles: list[Path]) -> None:
    """Write the memory of each bundle and print its size."""
    train = load("train")
    _, at = split_validation(train.labels, _VALIDATION_COUNT, SPLIT_SEED)
    validation = Samples(images=train.images[at], labels=train.labels[at])
    shown, garment = camera_pictures(validation)
    for folder in bundles:
        model = resolve(str(folder))
        card = model.card
        if card is None:
            raise BadModel(f"{folder} is no bundle")
        fitted = Certainty(
            temperature=card.temperature,
            known_weight=card.known_weight,
            known_bias=card.known_bias,
            unknown_threshold=card.unknown_threshold,
        )
        memory = remember(model, validation, shown, garment, fitted)
        if memory is None:
            raise BadModel(f"{folder} cannot be adapted: its last layer is no int8 layer of logits")
        with files.replacing(folder / MEMORY) as scratch:
            memory.write(scratch)
        print(f"{folder / MEMORY}: {(folder / MEMORY).stat().st_size / 1024:.0f} KiB")


def main() -> int:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.remember",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    options = parser.parse_args()
    return reporting_errors(lambda: run(options.bundles))


if __name__ == "__main__":
    raise SystemExit(main())
