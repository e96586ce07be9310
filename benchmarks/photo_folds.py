"""What real photos in the training are worth on people who are in none of them.

    python -m benchmarks.photo_folds [--epochs N] [--pictures N] [--out benchmarks/photo_folds.md]

Five trainings, each without the photos of one fold of `photos/`, which is then scored: strict and
lenient as in `benchmarks/photos.md`, and how much of what is none of the ten is refused where 90 %
of the garments are kept. A fold is made of whole people. So that five take an hour on one core,
they are short ones, on a part of Fashion-MNIST.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import numpy.typing as npt

from benchmarks.photos.score import LENIENT, STRICT
from edgefmnist.dataset import Samples, load, split_validation, stratified_sample
from edgefmnist.dataset.photos import Photos, load_photos
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.evaluate import logits
from edgefmnist.frameworks import require_keras
from edgefmnist.records import LABELS
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve

_ROOT = Path(__file__).parents[1]
_FILES = tuple(_ROOT / "photos" / f"{name}.npz" for name in ("clothes", "things"))
_KEPT = 0.9
_FOLDS = 5
_VALIDATION = 2_000  # of each training
_HELD_OUT = 5_000  # as of the recipe `edge`: the model that the trainings begin with lacks them too
_KINDS = ("Hat", "Shorts", "Skirt")
_FOLDER_OF = {
    **dict.fromkeys(("T-Shirt", "Polo", "Undershirt", "Top"), "t-shirt"),
    **dict.fromkeys(("Longsleeve", "Hoodie"), "longsleeve"),
    **dict.fromkeys(("Outwear", "Blazer"), "outwear"),
    **dict.fromkeys(("Shirt", "Blouse"), "shirt"),
    **{name: name.lower() for name in ("Pants", "Dress", "Shoes")},
}

Floats = npt.NDArray[np.float32]
Answering = Callable[[npt.NDArray[np.uint8]], Floats]
"""From pictures uint8 [n, 28, 28] to logits [n, 10]."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FoldScore:
    """Shares 0..1, means over kinds of photo. refused, things: at 90 % of the garments kept."""

    strict: float
    lenient: float
    refused: float
    things: float
    clean: float


def score(photos: Photos, validation: Samples, answering: Answering) -> FoldScore:
    """Score on the first picture of each of `photos`, and on clean pictures held out."""
    numbers, first = np.unique(photos.photo, return_index=True)
    answers = answering(photos.pictures[first])
    kind = photos.kind[numbers]
    folder = np.array([_FOLDER_OF.get(str(one), "") for one in kind])
    said = np.array(LABELS)[answers.argmax(axis=1)]
    best = answers.max(axis=1)
    garments = sorted(set(folder.tolist()) - {""})

    def right(classes: dict[str, set[str]]) -> float:
        return mean(float(np.isin(said[folder == f], list(classes[f])).mean()) for f in garments)

    def kept(least: float) -> float:
        return mean(float((best[folder == f] >= least).mean()) for f in garments)

    least = max(value for value in np.unique(best).tolist() if kept(value) >= _KEPT)
    clean = answering(validation.images).argmax(axis=1) == validation.labels
    return FoldScore(
        strict=right(STRICT),
        lenient=right(LENIENT),
        refused=mean(float((best[kind == one] < least).mean()) for one in _KINDS),
        things=float((best[kind == "Thing"] < least).mean()),
        clean=float(clean.mean()),
    )


def of_folds(photos: Photos, wanted: Callable[[int], bool]) -> Photos:
    """The pictures of those photos whose fold is `wanted`."""
    rows = np.array([wanted(int(photos.fold[photo])) for photo in photos.photo])
    return dataclasses.replace(photos, pictures=photos.pictures[rows], photo=photos.photo[rows])


def trained(
    fold: int, photos: Photos, samples: Samples, start: ModelFile, epochs: int
) -> Answering:
    """Train as `edge` was, without one fold."""
    import keras

    from edgefmnist.training import recipes, settings
    from edgefmnist.training.fitting import fit
    from edgefmnist.training.records import TrainConfig

    recipe = settings.changed(
        recipes.get("edge"),
        {
            "learning_rate": "1.5e-3",
            "validation_count": str(_VALIDATION),
            "augmentation.camera_share": "0.15",
            "augmentation.photo_share": "0.8",
            "augmentation.views": "2",
            "settling.epochs": "1",
        },
    )
    keras.utils.set_random_seed(fold)
    with tempfile.TemporaryDirectory() as out:
        config = TrainConfig(
            recipe=recipe,
            epochs=epochs,
            seed=fold,
            out=Path(out),
            start=start,
            teachers=(resolve("accurate"),),
            photos=of_folds(photos, lambda number: number != fold),
        )
        _, model, _ = fit(config, samples, Silent())

    def answering(pictures: npt.NDArray[np.uint8]) -> Floats:
        batch = pictures.astype(np.float32)[..., np.newaxis]
        return np.asarray(model.predict(batch, batch_size=500, verbose=0), np.float32)

    return answering


class Silent:
    """An observer that has nothing to say."""

    def started(self, plan: object) -> None: ...

    def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None: ...

    def epoch(self, record: object) -> None: ...


def table(before: list[FoldScore], after: list[FoldScore]) -> str:
    """Mean and standard deviation over the folds, and each fold, before and after."""
    names = {
        "strict": "strict",
        "lenient": "lenient",
        "refused": "hat, shorts, skirt refused",
        "things": "things refused",
        "clean": "Fashion-MNIST, held out",
    }
    head = ["| | " + " | ".join(names.values()) + " |", "| --- |" + " ---: |" * len(names)]
    rows = []
    for called, scores in (("before", before), ("with photos", after)):
        cells = []
        for name in names:
            values = [getattr(one, name) for one in scores]
            spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
            cells.append(f"{mean(values):.3f}{spread}")
        rows.append(f"| **{called}** | " + " | ".join(cells) + " |")
        for fold, one in enumerate(scores):
            cells = [f"{getattr(one, name):.3f}" for name in names]
            rows.append(f"| {called}, fold {fold} | " + " | ".join(cells) + " |")
    return "\n".join([*head, *rows])


_PAGE = """\
# Real photos in the training, cross-validated

Made by `python -m benchmarks.photo_folds --start {start} --epochs {epochs} --pictures {pictures}`:
five trainings of {epochs} epochs that begin with `{start}` (SHA-256 `{sha:.12}`…), each on
{pictures:,} pictures of Fashion-MNIST and the photos in [photos/](../photos/README.md) of four
folds. Scored is the fifth: other people's clothes, and other sorts of things. Means over kinds of
photo, as in [photos.md](photos.md); refused at the threshold that keeps 90 % of the garments; ± is
the standard deviation over folds. The float models, before conversion. A longer training on all
folds can be expected to do as well on people who sent no photo; on those who did it does better.

{table}
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo_folds")
    parser.add_argument("--start", default="edge")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=12_000)
    parser.add_argument("--out", type=Path, default=_ROOT / "benchmarks" / "photo_folds.md")
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    require_keras()
    photos, start, whole = load_photos(_FILES), resolve(asked.start), load("train")
    if start.card is not None and start.card.photos:
        parser.error(f"{asked.start} has seen all of the photos: name a model that saw none")
    train_at, held_out = split_validation(whole.labels, _HELD_OUT, SPLIT_SEED)
    count = asked.pictures + _VALIDATION
    chosen = train_at[stratified_sample(whole.labels[train_at], count, seed=1)]
    samples, validation = (
        Samples(images=whole.images[rows], labels=whole.labels[rows]) for rows in (chosen, held_out)
    )
    before, after = [], []
    for fold in range(_FOLDS):
        left_out = of_folds(photos, lambda number, fold=fold: number == fold)  # type: ignore[misc]
        before.append(score(left_out, validation, lambda pictures: logits(start, pictures)))
        answering = trained(fold, photos, samples, start, asked.epochs)
        after.append(score(left_out, validation, answering))
        print(table(before, after), flush=True)
    asked.out.write_text(
        _PAGE.format(
            start=asked.start,
            epochs=asked.epochs,
            pictures=asked.pictures,
            sha=start.sha256,
            table=table(before, after),
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
