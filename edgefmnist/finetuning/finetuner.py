"""From somebody's own pictures to a bundle all of whose layers know them: train, check, write."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgefmnist.adaptation import release
from edgefmnist.adaptation.adapter import checked_out, stopwatch
from edgefmnist.adaptation.crossvalidation import parts
from edgefmnist.adaptation.gathering import Gathered, gather
from edgefmnist.adaptation.judging import judge
from edgefmnist.adaptation.problem import Problem, Rows, problem
from edgefmnist.adaptation.records import AdaptConfig, AdaptObserver, AdaptResult
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.dataset import Samples
from edgefmnist.dataset.photos import Photos
from edgefmnist.finetuning.beginning import recipe_of
from edgefmnist.finetuning.heldout import HeldOut, held_out
from edgefmnist.finetuning.network import Course, Tuner
from edgefmnist.quantization.release import fit_certainty
from edgefmnist.quantization.remembering import remembered
from edgefmnist.records import LABELS, Certainty
from edgefmnist.runtime.last_layer import Layer, PartedModel


def finetune(
    config: AdaptConfig,
    train: Samples,
    observer: AdaptObserver,
    on_note: OnNote,
    course: Course | None = None,
) -> AdaptResult:
    """Train a bundle's whole network further with the pictures, and write it as a new bundle.

    Tested as `adapt` tests a last layer: the photos fall into parts, and each is answered by a
    network that was trained and converted without it. Where that passes the
    gate, the network is trained once more, with all of them.

    train: Fashion-MNIST's training split. on_note: told which files are left out or cannot be read.

    Raises: BadInput, BadPicture (pictures), BadModel (a bundle that cannot be trained further),
    UsageError, CannotWrite, MissingDependency; GateRefused where the conversion to int8 costs too
    much. Where the gate refuses the pictures, nothing is written and the result says why.
    """
    out = checked_out(config)
    recipe, parted = recipe_of(config.model), PartedModel(config.model)
    lap, course = stopwatch(), course or Course()
    gathered = gather(config, LABELS, observer, on_note)
    seconds = {"garments": lap()}
    observer.stage("Making pictures of what is unknown")
    kept = held_out(train, recipe)
    assert config.model.card is not None  # `recipe_of` saw to it
    certainty = config.model.card.certainty
    asked = seen_by(parted, certainty, kept, gathered)
    tuner = Tuner(config.model, recipe, train, kept.validation, course)
    seconds["features"] = lap()
    part_of = parts(asked.photos.classes, gathered.groups, count=course.parts)
    trained = []
    for part in range(course.parts):
        observer.stage(f"Fine-tuning to test, {part + 1} of {course.parts}")
        seen = np.flatnonzero(part_of != part)
        tuned = tuner.tuned(photos_of(gathered, seen), part + 1, observer.progress)
        trained.append(seen_by(PartedModel(tuned.model), certainty, kept, gathered, tuned.layer))
    judged = judge(
        asked, certainty, config.max_forget_pp, gathered.garments, observer, tuple(trained)
    )
    seconds["test"] = lap()
    if judged.refused is not None:
        memory = remembered(parted, kept.memory, certainty)
        return release.finish(out, config, gathered, judged, memory, None, seconds)
    observer.stage("Fine-tuning with all pictures")
    tuned = tuner.tuned(photos_of(gathered, asked.photos.rows), 0, observer.progress)
    parted = PartedModel(tuned.model)
    as_tuned = fit_certainty(tuned.model, kept.validation, kept.shown, kept.garment, observer)
    memory = remembered(parted, kept.memory, as_tuned)
    last = seen_by(parted, certainty, kept, gathered, tuned.layer)
    fitted = release.fitted(config.model, parted, last, judged.share, gathered.garments.images)
    seconds["fit"] = lap()
    return release.finish(out, config, gathered, judged, memory, fitted, seconds)


def seen_by(
    parted: PartedModel,
    certainty: Certainty,
    kept: HeldOut,
    gathered: Gathered,
    layer: Layer | None = None,
) -> Problem:
    """Photos and remembered pictures as features of a network.

    layer: the last one, with rows for `_known`; None: the model's own.
    """
    memory = remembered(parted, kept.memory, certainty)
    asked = problem(parted, memory, gathered.garments, gathered.groups, gathered.labels)
    if layer is None:
        return asked
    rows = [_known(gathered).index(label) for label in gathered.labels]
    begin = Layer(weights=layer.weights[rows], bias=layer.bias[rows])
    return dataclasses.replace(asked, begin=begin)


def _known(gathered: Gathered) -> tuple[str, ...]:
    """The classes of a training: Fashion-MNIST's, and those of one's own behind them."""
    return (*LABELS, *(label for label in gathered.labels if label not in LABELS))


def photos_of(gathered: Gathered, rows: Rows) -> Photos:
    """Some of the pictures to train with, with columns for classes of one's own behind the ten."""
    labels = [gathered.garments.files[row].label for row in rows.tolist()]
    known = _known(gathered)
    classes = np.zeros((len(rows), len(known) + 1), np.bool_)
    for row, label in enumerate(labels):
        classes[row, len(known) if label is None else known.index(label)] = True
    return Photos(
        pictures=gathered.garments.images[rows],
        photo=np.arange(len(rows)),
        classes=classes,
        kind=np.array([label or "" for label in labels]),
        fold=np.zeros(len(rows), np.uint8),
        sha256={},
    )
