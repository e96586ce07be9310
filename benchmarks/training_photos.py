"""Make the pictures in `photos/`, which `edgefmnist train --photos` learns from.

    python -m benchmarks.training_photos CLOTHES THINGS [--out photos]

CLOTHES: a folder with `images.csv` (image, label, shoe, fold) and `images/ID.jpg`. THINGS: a folder
of folders of pictures, none of which shows a garment. `photos/README.md` says what they were and
where to get them. Every photo is cut out in two ways: as the camera's path does, and by GrabCut
that begins with what the rim lacks, which errs differently.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.photos.segmentation import grabcut_from_rim_colours
from edgefmnist.preprocess import Preprocessor
from edgefmnist.preprocess.find import WORK_SIDE
from edgefmnist.preprocess.fit import fit
from edgefmnist.preprocess.pipeline import at_size_of
from edgefmnist.preprocess.shrink import shrink
from edgefmnist.records import LABELS

Pixels = npt.NDArray[np.uint8]
Entry = tuple[Path, str, tuple[str, ...], int]
"""A photo: its file, what its source calls it, the classes that it may be, its fold."""

CLASSES = {
    "T-shirt/top": ("T-Shirt", "Polo", "Undershirt", "Top"),
    "Trouser": ("Pants",),
    "Pullover": ("Longsleeve", "Hoodie"),
    "Dress": ("Dress",),
    "Coat": ("Outwear", "Blazer"),
    "Shirt": ("Shirt", "Blouse"),
}
"""What the source calls the classes of Fashion-MNIST. All else is none of them, save shoes."""

SHOES = ("Sandal", "Sneaker", "Ankle boot")
_FOLDS = 5
_KIND = "U10"
_LONGEST = 320  # pixels; from larger photos the second way draws nothing finer
_STEP = 8
"""Tones are kept in steps of so much: finer ones are noise that would double the files."""


def clothes(folder: Path) -> Iterator[Entry]:
    named = {name: label for label, names in CLASSES.items() for name in names}
    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind = row["label"]
            may_be: tuple[str, ...] = (named[kind],) if kind in named else ()
            if kind == "Shoes":
                may_be = (row["shoe"],) if row["shoe"] else SHOES
            yield folder / "images" / f"{row['image']}.jpg", kind, may_be, int(row["fold"])


def things(folder: Path) -> Iterator[Entry]:
    """Things of one sort are in one fold."""
    sorts = sorted(path.name for path in folder.iterdir() if path.is_dir())
    drawn = np.random.default_rng(0).permutation(sorts).tolist()
    for path in sorted(folder.glob("*/*.jpg")):
        yield path, "Thing", (), drawn.index(path.parent.name) % _FOLDS


def cut_out(bgr: Pixels) -> Iterator[Pixels]:
    """Pictures uint8 [28, 28] of what each way of looking finds in a photo, none to two."""
    small = shrink(bgr, _LONGEST)
    mask = grabcut_from_rim_colours(shrink(small, WORK_SIDE))
    other = None if mask is None else fit(small, at_size_of(small, mask))
    for picture in (Preprocessor().prepare(bgr).picture, other):
        if picture is not None:
            yield np.where(picture > 0, picture // _STEP * _STEP + _STEP // 2, 0).astype(np.uint8)


def write(entries: Iterable[Entry], out: Path) -> None:
    """Write the .npz of `edgefmnist.dataset.photos`."""
    pictures: list[Pixels] = []
    photo: list[int] = []
    told: list[tuple[int, str, int]] = []
    for path, kind, may_be, fold in entries:
        found = list(cut_out(np.asarray(cv2.imread(str(path)), np.uint8)))
        if found:
            photo += [len(told)] * len(found)
            pictures += found
            bits = [LABELS.index(name) for name in may_be] or [len(LABELS)]
            told.append((sum(1 << bit for bit in bits), kind, fold))
    classes, kinds, folds = zip(*told, strict=True)
    np.savez_compressed(
        out,
        pictures=np.stack(pictures),
        photo=np.array(photo, np.int32),
        classes=np.array(classes, np.uint16),
        kind=np.array(kinds, _KIND),
        fold=np.array(folds, np.uint8),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_photos")
    parser.add_argument("clothes", type=Path)
    parser.add_argument("things", type=Path)
    parser.add_argument("--out", type=Path, default=Path("photos"))
    asked = parser.parse_args()
    asked.out.mkdir(exist_ok=True)
    write(clothes(asked.clothes), asked.out / "clothes.npz")
    write(things(asked.things), asked.out / "things.npz")


if __name__ == "__main__":
    main()
