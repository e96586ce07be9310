"""From a fitted layer to a bundle: quantized, written into the model, described."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from edgefmnist import __version__, folders
from edgefmnist.adaptation import card
from edgefmnist.adaptation.gathering import Gathered
from edgefmnist.adaptation.problem import Problem
from edgefmnist.adaptation.records import AdaptConfig, AdaptResult, Judged
from edgefmnist.runtime import bundle, golden, probe
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.classifier import Classifier, Pictures
from edgefmnist.runtime.last_layer import Layer, PartedModel
from edgefmnist.runtime.memory import MEMORY, Memory
from edgefmnist.runtime.model_file import ModelFile

_SUFFIX = "-adapted"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model with a new last layer in int8.

    agreement: share of the pictures that it answers as the layer as it was fitted, 0..1.
    """

    model: ModelFile
    agreement: float


def fitted(
    base: ModelFile, parted: PartedModel, problem: Problem, share: float, images: Pictures
) -> Fitted:
    """Fit the last layer on all pictures and write it into the model that `parted` is of.

    base: the bundle to begin from. share: see `Problem.layer`. images: the photos' pictures.
    Raises: BadModel.
    """
    layer = problem.layer(problem.photos.rows, problem.memory.rows, share)
    model = quantized(base, parted, problem, layer)
    wanted = layer.logits(problem.photos.features).argmax(axis=1)
    found = Classifier(model, batch=32).logits(images).argmax(axis=1)
    return Fitted(model=model, agreement=float((wanted == found).mean()))


def quantized(base: ModelFile, parted: PartedModel, problem: Problem, layer: Layer) -> ModelFile:
    """The model with `layer` in int8 as its last one, tried out in a child process.

    Raises: BadModel.
    """
    logits = np.concatenate(
        [layer.logits(one.features) for one in (problem.photos, problem.memory)]
    )
    content = parted.with_layer(layer, (float(logits.min()), float(logits.max())))
    model = ModelFile(
        name=base.name.removesuffix(_SUFFIX) + _SUFFIX,
        path=base.path,
        card=base.card,
        folder=base.folder,
        content=content,
        labels=problem.labels,
    )
    probe.check(model)
    return model


def finish(
    out: Path,
    config: AdaptConfig,
    gathered: Gathered,
    judged: Judged,
    memory: Memory,
    fitted: Fitted | None,
    seconds: dict[str, float],
) -> AdaptResult:
    """The result; where nothing speaks against it, `fitted` is written to `out` as a bundle.

    memory: what the bundle remembers. fitted: None only where the gate refuses.
    Raises: CannotWrite, BadModel.
    """
    result = AdaptResult(
        config=config,
        pictures=len(gathered.garments.files),
        groups=int(gathered.groups.max()) + 1,
        empty=gathered.garments.empty,
        unreadable=gathered.garments.unreadable,
        repeated=gathered.repeated,
        labels=gathered.labels,
        dropped=gathered.dropped,
        agreement=None if fitted is None else fitted.agreement,
        seconds=seconds,
        card=None,
        **judged.fields(),
    )
    if result.refused is not None or fitted is None:
        return result
    return dataclasses.replace(result, card=write(out, fitted.model, memory, result))


def write(out: Path, model: ModelFile, memory: Memory, result: AdaptResult) -> BundleCard:
    """Write the bundle to `out`, whole or not at all.

    The golden vectors are the pictures of the bundle that it came from, answered anew: no picture
    of anybody's own goes into a bundle.
    Raises: CannotWrite, BadModel (golden vectors that are damaged).
    """
    images, _ = golden.read(result.config.model)
    classifier = Classifier(model)
    record = _record(model, classifier, result)
    with folders.replacing_folder(out) as scratch:
        (scratch / bundle.MODEL).write_bytes(model.read())
        golden.write(scratch / bundle.GOLDEN, classifier, images)
        memory.write(scratch / MEMORY)
        (scratch / bundle.README).write_text(card.text(record, result), encoding="utf-8")
        (scratch / bundle.CARD).write_text(record.to_text(), encoding="utf-8")
    return record


def _record(model: ModelFile, classifier: Classifier, result: AdaptResult) -> BundleCard:
    base = result.config.model.card
    assert base is not None
    content = model.read()
    low, high = result.score.gain_interval_pp
    return dataclasses.replace(
        base,
        name=model.name,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        labels=result.labels,
        **dataclasses.asdict(result.certainty),
        runtime=classifier.runtime,
        delegate=classifier.delegate,
        versions=base.versions | {"edgefmnist": __version__},
        adapted_layers="all" if result.config.all_layers else "last",
        adapted_from=base.adapted_from or {"name": base.name, "sha256": base.sha256},
        adapted_pictures={one.label: one.pictures for one in result.classes},
        adapted_scores={
            "before": round(result.score.before, 4),
            "after": round(result.score.after, 4),
            "gain_low_pp": round(low, 2),
            "gain_high_pp": round(high, 2),
            "old_before": round(result.old.before, 4),
            "old_after": round(result.old.after, 4),
        },
    )
