"""What `edgefmnist adapt --all-layers` brings beside `edgefmnist adapt`, on the same photos.

usage: python -m benchmarks.adapt_layers CLOTHES --model BUNDLE

CLOTHES, and where the garments found are kept, as for `benchmarks.adapt`. Writes `adapt_layers.md`.
A training for each class of tasks and row: needs TensorFlow.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import pages
from benchmarks.adapt import Adapted, Bench, Clothes, read_clothes
from edgefmnist.adaptation import release
from edgefmnist.adaptation.crossvalidation import FOLDS, before
from edgefmnist.adaptation.gathering import Gathered
from edgefmnist.adaptation.judging import chosen
from edgefmnist.adaptation.problem import labels_of
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import Samples, load
from edgefmnist.errors import UsageError
from edgefmnist.finetuning.beginning import recipe_of
from edgefmnist.finetuning.finetuner import photos_of, seen_by
from edgefmnist.finetuning.heldout import held_out
from edgefmnist.finetuning.network import Course, Tuner
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.records import LABELS
from edgefmnist.render.progress import Stages
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.last_layer import PartedModel
from edgefmnist.runtime.models import ModelFile, resolve

_TESTED = 4
_COUNTS = (20, None)
_OWN = {"hat": "Hat", "shorts": "Shorts", "skirt": "Skirt"}
_BODY = """\
Photos of real clothes by many people ([clothing-dataset][clothes], CC0), prepared by the camera's
path. A model that has seen none of them, of recipe `{recipe}` (`{sha:.12}`…), learns so many photos
of each class by the people of four folds and is tested on the photos of fold {tested}, by other
people, all of it through int8 models. Last layer: `edgefmnist adapt`. All layers: `edgefmnist adapt
--all-layers`, the network trained for {epochs} epochs on {pictures:,} pictures of Fashion-MNIST's
training split with the photos among them; where there are
classes of one's own, the last layer is fitted afterwards as well. Their gate aside.

## The ten classes of Fashion-MNIST

{old}

Strict, lenient, refused at 90 % kept and Fashion-MNIST (its test images): as in [adapt](adapt.md).

## With classes of one's own

{own}

Three beside ten: Hat, Shorts and Skirt beside Fashion-MNIST's; the macro average over all that fold
{tested} has, and over the three. Ten own ones: as in [adapt](adapt.md), with `--only`. Threshold
off.

One draw of the photos; by the draw alone figures of 20 photos differ by 0.01. Some eight settings
were tried on this fold (learning rate, share of the photos, whether to fit the last layer again),
so it flatters all layers a little. A training takes {seconds:.0f} s of a processor's time, its
conversion included; `--all-layers` runs {trainings}.

[clothes]: https://github.com/alexeygrigorev/clothing-dataset
"""


class Tuned(Bench):
    """Adapts all layers."""

    def __init__(self, clothes: Clothes, model: ModelFile, test: Samples, course: Course) -> None:
        super().__init__(clothes, model, test)
        train, recipe = load("train"), recipe_of(model)
        self._kept = held_out(train, recipe)
        self._tuner = Tuner(model, recipe, train, self._kept.validation, course)
        self.seconds: list[float] = []

    def adapted(self, rows: npt.NDArray[np.int64], labels: list[str | None], only: bool) -> Adapted:
        """The model after learning `labels` of the photos `rows`; its certainty is as it was."""
        garments = self.garments(rows, labels)
        gathered = Gathered(
            garments=garments,
            groups=np.arange(len(rows)),
            repeated=0,
            dropped=(),
            labels=labels_of(LABELS, garments.files, only),
        )
        certainty = self._memory.certainty
        asked = seen_by(self._parted, certainty, self._kept, gathered)
        began = time.process_time()
        tuned = self._tuner.tuned(photos_of(gathered, asked.photos.rows), 0, _unheard)
        self.seconds.append(time.process_time() - began)
        parted = PartedModel(tuned.model)
        last = seen_by(parted, certainty, self._kept, gathered, tuned.layer)
        _, remembered = before(asked, certainty)
        share, _, _ = chosen(asked, remembered, max_forget_pp=1.0, trained=(last,) * FOLDS)
        layer = last.layer(last.photos.rows, last.memory.rows, share)
        model = release.quantized(self._model, parted, last, layer)
        return Adapted(model=model, certainty=certainty, share=share)


def _unheard(done: int, total: int) -> None:
    """Progress that nobody hears of."""


def three_beside_ten(bench: Bench, clothes: Clothes, count: int | None) -> tuple[float, float]:
    """Macro accuracy of all classes that the tested fold has, and of the three own ones."""
    labels = [
        _OWN.get(str(own), given) for own, given in zip(clothes.own, clothes.classes, strict=True)
    ]
    rows = bench.some([None, *LABELS, *_OWN.values()], lambda row: labels[row], count, _TESTED, 0)
    adapted = bench.adapted(rows, [labels[row] for row in rows], only=False)
    tested = [row for row in np.flatnonzero(clothes.folds == _TESTED).tolist() if labels[row]]
    logits = Classifier(adapted.model, batch=50).logits(clothes.images[tested])
    wanted = np.array([labels[row] for row in tested])
    right = np.array(adapted.model.labels)[logits.argmax(axis=1)] == wanted
    shares = {label: float(right[wanted == label].mean()) for label in np.unique(wanted).tolist()}
    return statistics.mean(shares.values()), statistics.mean(shares[own] for own in _OWN.values())


def run(options: argparse.Namespace) -> None:
    """Measure, and write the page."""
    require_tensorflow()
    clothes, model, test = read_clothes(options.clothes), resolve(options.model), load("test")
    if model.card is None:
        raise UsageError("--model: name a bundle")
    course = Course()
    last, tuned = Bench(clothes, model, test), Tuned(clothes, model, test, course)
    before = _cells(_shown(last.old_scores(last.as_it_was(), _TESTED)))
    old, own = [["none", "", *before]], []
    with Stages() as stages:
        ways = [(count, way) for count in _COUNTS for way in ("last layer", "all layers")]
        stages.stage("Adapting", len(ways))
        for done, (count, way) in enumerate(ways, 1):
            bench = tuned if way == "all layers" else last
            learned = bench.learned(count, _TESTED, draw=0)
            name = [str(count or "all"), way]
            old.append(name + _cells(_shown(bench.old_scores(learned, _TESTED))))
            three = three_beside_ten(bench, clothes, count)
            own.append(name + _cells((*three, bench.own_score(count, _TESTED, draw=0))))
            stages.progress(done, len(ways))
    heads = ("photos of each class", "learning")
    body = _BODY.format(
        recipe=model.card.recipe or model.card.name,
        sha=model.card.sha256,
        tested=_TESTED,
        epochs=course.epochs,
        pictures=course.pictures,
        old=pages.table(
            (*heads, "strict", "lenient", "refused at 90 % kept", "Fashion-MNIST"), old
        ),
        own=pages.table((*heads, "three beside ten", "of them the three", "ten own ones"), own),
        seconds=statistics.mean(tuned.seconds),
        trainings=course.parts + 1,
    )
    pages.write("adapt_layers", "Learning somebody's own clothes with all layers", body)


def _cells(scores: tuple[float, ...]) -> list[str]:
    return [f"{score:.3f}" for score in scores]


def _shown(scores: list[float]) -> tuple[float, ...]:
    """Those of `Bench.old_scores` that the certainty has no part in."""
    strict, lenient, _, _, at_kept, test, _ = scores
    return strict, lenient, at_kept, test


def main() -> int:
    """Parse the command line; failures are one line and their exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.adapt_layers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("clothes", type=Path, metavar="CLOTHES")
    parser.add_argument("--model", required=True, help="bundle that has seen no photo of CLOTHES")
    options = parser.parse_args()
    return reporting_errors(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
