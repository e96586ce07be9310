"""What `edgefmnist adapt` brings: photos of some people, tested on photos of others.

usage: python -m benchmarks.adapt CLOTHES --model BUNDLE

CLOTHES holds `images/ID.jpg` and `images.csv` with the columns image, label, shoe, sender and fold
(0 to 4, made of whole senders): photos of alexeygrigorev/clothing-dataset (CC0). The garments are
found once and kept in `build/adapt-clothes.npz`. Writes `adapt.md`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import pages
from benchmarks.photos.score import LENIENT, STRICT
from edgefmnist import files, npz
from edgefmnist.adaptation import release, scoring
from edgefmnist.adaptation.crossvalidation import answered, before, is_known
from edgefmnist.adaptation.judging import chosen
from edgefmnist.adaptation.pictures import File, Garments
from edgefmnist.adaptation.problem import Problem, labels_of, problem
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import Samples, load
from edgefmnist.errors import BadPicture, UsageError
from edgefmnist.preprocess import Preprocessor, whole_scene
from edgefmnist.records import LABELS, Certainty
from edgefmnist.render.progress import Stages
from edgefmnist.runtime import memory
from edgefmnist.runtime.classifier import Classifier, Floats
from edgefmnist.runtime.last_layer import Layer, PartedModel
from edgefmnist.runtime.models import ModelFile, resolve

_CACHE = Path("build/adapt-clothes.npz")
_COUNTS = (5, 10, 20, 50, None)
_DRAWS = 5
_FOLDS = 5
_TESTED = 4
_MOST_BYTES = 64 << 20
_FEWEST_PHOTOS, _FEWEST_CLASSES, _FEWEST_OF_CLASS = 30, 3, 5
_FOLDERS = {
    "dress": ("Dress",),
    "longsleeve": ("Longsleeve", "Hoodie"),
    "outwear": ("Outwear", "Blazer"),
    "pants": ("Pants",),
    "shirt": ("Shirt", "Blouse"),
    "shoes": ("Shoes",),
    "t-shirt": ("T-Shirt", "Polo", "Undershirt", "Top"),
}
"""The data set's labels by the folder that `benchmarks.photos.score` knows them by."""
_OWN = (*("dress", "hat", "longsleeve", "outwear", "pants"),
        *("shirt", "shoes", "shorts", "skirt", "t-shirt"))  # fmt: skip
_BODY = """\
{total:,} photos of real clothes by {senders} people ([clothing-dataset][clothes], CC0), prepared by
the camera's path. A model that has seen none of them, of recipe `{recipe}` (`{sha:.12}`…), is
adapted as `edgefmnist adapt` does it, the gate aside, to so many photos of each class by the people
of four folds, and to as many of what is none of them (hats, shorts, skirts, bodysuits); it is
tested on the photos of the fifth fold, by other people. Sandals, sneakers and ankle boots have
{shoes} photos in all, bags none: a class with fewer photos than asked for gives what it has. The
shipped `edge` has learned from these photos, which therefore test nothing of it.

## One's own wardrobe

{wardrobes}

Each of the people with {fewest_photos} photos and more, of three classes and more with
{fewest_of_class} photos at least, by itself: `edgefmnist adapt` with the photos of this person,
tested by its cross-validation, every photo a group. Macro averages over the classes, what is none
of them among them, as the camera answers; named: threshold off, garments only.

## The ten classes of Fashion-MNIST, tested on fold {tested}

{old}

Means of {draws} draws of the photos ± their standard deviation. Strict and lenient as on
[photos](photos.md), threshold off, macro averages over seven kinds of garment. Kept and refused:
garments and others of the fold at the bundle's own unknown threshold; at 90 % kept: refused under
the threshold that keeps 90 % of the garments. Fashion-MNIST: the 10,000 test images. Share: what
the new photos counted against the remembered pictures, the most with which these lose no more than
a point, interval included. All of it through the int8 models; the output of an adapted one is
quantized to the range that the photos have too.

## Every fold tested once

{folds}

Means over the five folds ± the standard deviation between them: how far one group of people is
from another.

## Ten classes of one's own, tested on fold {tested}

{own}

The folders {names}, with `--only`: three
are named after classes of Fashion-MNIST, seven begin from nothing. Macro average over the ten,
threshold off.

[clothes]: https://github.com/alexeygrigorev/clothing-dataset
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clothes:
    """Photos, n of them.

    images: uint8 [n, 28, 28]. folders: kind of garment, "" for what is none of the seven.
    classes: Fashion-MNIST's label; None: none of them; "" for shoes of which it is not known.
    own: the label of one of the ten own classes, "" for none. senders, folds: [n].
    """

    images: npt.NDArray[np.uint8]
    folders: npt.NDArray[np.str_]
    classes: tuple[str | None, ...]
    own: npt.NDArray[np.str_]
    senders: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """A model and what it goes by."""

    model: ModelFile
    certainty: Certainty
    share: float | None


def read_clothes(folder: Path) -> Clothes:
    """Read the table, and the garments from the cache or the photos. Raises: BadPicture."""
    try:
        with (folder / "images.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise BadPicture(f"{folder} has no images.csv that can be read") from error
    kinds = {label: kind for kind, labels in _FOLDERS.items() for label in labels}
    names = [kinds.get(row["label"], "") for row in rows]
    shoes = [
        row["shoe"] if kind == "shoes" else None for row, kind in zip(rows, names, strict=True)
    ]
    classes = [
        shoe if shoe is not None else next(iter(STRICT[kind]), None) if kind else None
        for kind, shoe in zip(names, shoes, strict=True)
    ]
    return Clothes(
        images=_images(folder, [row["image"] for row in rows]),
        folders=np.array(names),
        classes=tuple(classes),
        own=np.array([own if (own := row["label"].lower()) in _OWN else "" for row in rows]),
        senders=np.array([int(row["sender"]) for row in rows]),
        folds=np.array([int(row["fold"]) for row in rows]),
    )


def _images(folder: Path, names: list[str]) -> npt.NDArray[np.uint8]:
    if _CACHE.exists():
        kept = npz.read(
            _CACHE, ("images", "names"), most_file_bytes=_MOST_BYTES, most_bytes=_MOST_BYTES
        )
        if kept["names"].tolist() == names:
            images: npt.NDArray[np.uint8] = kept["images"]
            return images
    preprocessor, found = Preprocessor(), []
    with Stages() as stages:
        stages.stage("Finding garments", len(names))
        for done, name in enumerate(names, 1):
            pixels = read_picture(folder / "images" / f"{name}.jpg").pixels
            garment = preprocessor.prepare(pixels).picture
            found.append(whole_scene(pixels) if garment is None else garment)
            stages.progress(done, len(names))
    files.make_folder(_CACHE.parent)
    with files.replacing(_CACHE) as scratch:
        np.savez_compressed(scratch, images=np.stack(found), names=np.array(names))
    return np.stack(found)


class Bench:
    """Adapts one model to parts of the clothes, and asks the others."""

    def __init__(self, clothes: Clothes, model: ModelFile, test: Samples) -> None:
        self._clothes, self._model, self._test = clothes, model, test
        self._parted = PartedModel(model)
        self._memory = memory.read(model, self._parted.body_sha256)

    def adapted(self, rows: npt.NDArray[np.int64], labels: list[str | None], only: bool) -> Adapted:
        """The model after learning `labels` of the photos `rows`."""
        _, groups = np.unique(self._clothes.senders[rows], return_inverse=True)
        asked = self._problem(rows, labels, only, groups)
        _, remembered = before(asked, self._memory.certainty)
        share, found, _ = chosen(asked, remembered, max_forget_pp=1.0)
        layer: Layer = asked.layer(asked.photos.rows, asked.memory.rows, share)
        return Adapted(
            model=release.quantized(self._model, self._parted, asked, layer),
            certainty=found.certainty,
            share=share,
        )

    def _problem(
        self,
        rows: npt.NDArray[np.int64],
        labels: list[str | None],
        only: bool,
        groups: npt.NDArray[np.int64],
    ) -> Problem:
        garments = self.garments(rows, labels)
        known = labels_of(self._memory.labels, garments.files, only)
        return problem(self._parted, self._memory, garments, groups, known)

    def garments(self, rows: npt.NDArray[np.int64], labels: list[str | None]) -> Garments:
        """The photos `rows` as if they lay in folders called `labels`."""
        return Garments(
            images=self._clothes.images[rows],
            files=tuple(
                File(path=Path(str(row)), label=label)
                for row, label in zip(rows, labels, strict=True)
            ),
            taken_s=(None,) * len(rows),
            empty=0,
            unreadable=0,
        )

    def as_it_was(self) -> Adapted:
        """The model before it learned."""
        return Adapted(model=self._model, certainty=self._memory.certainty, share=None)

    def old_scores(self, adapted: Adapted, fold: int) -> list[float]:
        """Strict, lenient, kept, refused, refused at 90 % kept, Fashion-MNIST, share."""
        clothes, classifier = self._clothes, Classifier(adapted.model, batch=50)
        tested = np.flatnonzero(clothes.folds == fold)
        logits: Floats = classifier.logits(clothes.images[tested])
        kinds = clothes.folders[tested]
        answers = np.array(LABELS)[logits.argmax(axis=1)]
        strict, lenient = (
            statistics.mean(
                float(np.isin(answers[kinds == kind], sorted(right)).mean())
                for kind, right in rights.items()
            )
            for rights in (STRICT, LENIENT)
        )
        known, inside = is_known(logits, adapted.certainty), kinds != ""
        least = np.quantile(logits[inside].max(axis=1), 0.1)
        test = classifier.logits(self._test.images).argmax(axis=1) == self._test.labels
        return [
            strict,
            lenient,
            float(known[inside].mean()),
            float((~known[~inside]).mean()),
            float((logits[~inside].max(axis=1) < least).mean()),
            float(test.mean()),
            adapted.share or 0.0,
        ]

    def learned(self, count: int | None, fold: int, draw: int) -> Adapted:
        """The model after `count` photos of each class, and of none, by people outside `fold`."""
        labels = self._clothes.classes
        rows = self.some([None, *LABELS], lambda row: labels[row], count, fold, draw)
        return self.adapted(rows, [labels[row] for row in rows], only=False)

    def own_score(self, count: int | None, fold: int, draw: int) -> float:
        """Macro accuracy of ten classes of one's own."""
        clothes = self._clothes
        rows = self.some([*_OWN], lambda row: str(clothes.own[row]), count, fold, draw)
        given = {"dress": "Dress", "shirt": "Shirt", "t-shirt": "T-shirt/top"}
        named = [given.get(str(own), str(own)) for own in clothes.own]
        adapted = self.adapted(rows, [named[row] for row in rows], only=True)
        tested = np.flatnonzero((clothes.folds == fold) & (clothes.own != ""))
        logits = Classifier(adapted.model, batch=50).logits(clothes.images[tested])
        answers = [adapted.model.labels[at] for at in logits.argmax(axis=1)]
        right = np.array([named[row] for row in tested]) == answers
        return statistics.mean(float(right[clothes.own[tested] == own].mean()) for own in _OWN)

    def wardrobe(self, sender: int) -> list[Any] | None:
        """One person's photos, classes, and right answers before and after; None: too few."""
        clothes, labels = self._clothes, self._clothes.classes
        by_label: dict[str | None, list[int]] = {}
        for row in np.flatnonzero(clothes.senders == sender).tolist():
            by_label.setdefault(labels[row], []).append(row)
        several = [
            own for label, own in by_label.items() if label != "" and len(own) >= _FEWEST_OF_CLASS
        ]
        rows = np.array([row for own in several for row in own], np.int64)
        if len(several) < _FEWEST_CLASSES or len(rows) < _FEWEST_PHOTOS:
            return None
        asked = self._problem(rows, [labels[row] for row in rows], False, np.arange(len(rows)))
        old, remembered = before(asked, self._memory.certainty)
        share, found, _ = chosen(asked, remembered, max_forget_pp=1.0)
        classes = asked.photos.classes
        inside = classes >= 0
        named = asked.before.logits(asked.photos.features).argmax(axis=1)
        new = answered(found.photos, found.certainty)
        pairs = [
            scoring.macro(old == classes, classes),
            scoring.macro(new == classes, classes),
            scoring.macro((named == classes)[inside], classes[inside]),
            scoring.macro((found.photos.argmax(axis=1) == classes)[inside], classes[inside]),
        ]
        return [len(rows), len(several), *pairs, share]

    def some(
        self,
        wanted: Iterable[str | None],
        label_of: Callable[[int], str | None],
        count: int | None,
        fold: int,
        draw: int,
    ) -> npt.NDArray[np.int64]:
        """Photos outside `fold`, `count` of each label `wanted`."""
        rng = np.random.default_rng((fold, draw))
        rows: list[int] = []
        for label in wanted:
            own = [
                row
                for row in np.flatnonzero(self._clothes.folds != fold).tolist()
                if label_of(row) == label
            ]
            rows += rng.permutation(own)[:count].tolist() if own else []
        return np.array(rows, np.int64)


def _cells(scores: list[list[float]]) -> list[str]:
    """Means with the spread, as cells; the last is a share."""
    told = []
    for column in zip(*scores, strict=True):
        mean, spread = statistics.mean(column), statistics.pstdev(column)
        told.append(f"{mean:.3f} ± {spread:.3f}" if len(column) > 1 else f"{mean:.3f}")
    return told


def _wardrobes(rows: list[list[Any]]) -> str:
    """The table of single people, most photos first, and their mean."""
    rows = sorted(rows, key=lambda row: -row[0])
    means = [statistics.mean(column) for column in zip(*rows, strict=True)]
    body = [[row[0], row[1], *(f"{share:.2f}" for share in row[2:6]), row[6]] for row in rows]
    last = [f"mean of {len(rows)}", "", *(f"**{share:.2f}**" for share in means[2:6]), ""]
    heads = ("photos", "classes", "right before", "after", "named before", "after", "share")
    return pages.table(heads, [*body, last])


_HEADS = ("strict", "lenient", "kept", "refused", "at 90 % kept", "Fashion-MNIST", "share")


def run(options: argparse.Namespace) -> None:
    """Measure, and write the page."""
    clothes = read_clothes(options.clothes)
    model = resolve(options.model)
    if model.card is None:
        raise UsageError("--model: name a bundle")
    card = model.card
    bench = Bench(clothes, model, load("test"))
    draws = range(options.draws)
    old, own, folds = [], [], []
    with Stages() as stages:
        stages.stage("Adapting to one person each")
        people = [bench.wardrobe(int(sender)) for sender in np.unique(clothes.senders)]
        wardrobes = _wardrobes([one for one in people if one is not None])
        stages.stage("Adapting", len(_COUNTS) * (2 * len(draws) + _FOLDS))
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            stages.progress(done, len(_COUNTS) * (2 * len(draws) + _FOLDS))

        first = bench.old_scores(bench.as_it_was(), _TESTED)
        old.append(["none", *_cells([first])[:-1], ""])
        every = [bench.old_scores(bench.as_it_was(), fold) for fold in range(_FOLDS)]
        folds.append(["none", *_cells(every)[:-1], ""])
        for count in _COUNTS:
            name = str(count or "all")
            scores, own_scores, spread = [], [], []
            for draw in draws if count else range(1):
                scores.append(bench.old_scores(bench.learned(count, _TESTED, draw), _TESTED))
                tick()
                own_scores.append([bench.own_score(count, _TESTED, draw)])
                tick()
            for fold in range(_FOLDS):
                spread.append(bench.old_scores(bench.learned(count, fold, 0), fold))
                tick()
            old.append([name, *_cells(scores)])
            own.append([name, *_cells(own_scores)])
            folds.append([name, *_cells(spread)])
    heads = ("photos of each class", *_HEADS)
    body = _BODY.format(
        total=len(clothes.images),
        senders=len(np.unique(clothes.senders)),
        recipe=card.recipe or card.name,
        sha=card.sha256,
        shoes=sum(one in ("Sandal", "Sneaker", "Ankle boot") for one in clothes.classes),
        tested=_TESTED,
        draws=len(draws),
        wardrobes=wardrobes,
        fewest_photos=_FEWEST_PHOTOS,
        fewest_of_class=_FEWEST_OF_CLASS,
        old=pages.table(heads, old),
        folds=pages.table(heads, folds),
        own=pages.table((heads[0], "right"), own),
        names=", ".join(_OWN),
    )
    pages.write("adapt", "Learning somebody's own clothes", body)


def main() -> int:
    """Parse the command line; failures are one line and their exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.adapt",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("clothes", type=Path, metavar="CLOTHES")
    parser.add_argument("--model", required=True, help="bundle that has seen no photo of CLOTHES")
    parser.add_argument("--draws", type=int, default=_DRAWS)
    options = parser.parse_args()
    return reporting_errors(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
