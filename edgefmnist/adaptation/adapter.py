"""From somebody's own pictures to a bundle that knows them: find, fit, check, write."""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable

from edgefmnist import files
from edgefmnist.adaptation import pictures, release
from edgefmnist.adaptation.groups import Grouped, Groups, grouped
from edgefmnist.adaptation.judging import judge
from edgefmnist.adaptation.pictures import File, Garments
from edgefmnist.adaptation.problem import labels_of, problem
from edgefmnist.adaptation.records import AdaptConfig, AdaptObserver, AdaptResult
from edgefmnist.camera.pictures.folder import OnNote
from edgefmnist.errors import BadInput, BadPicture, UsageError
from edgefmnist.records import UNKNOWN
from edgefmnist.runtime import bundle, memory
from edgefmnist.runtime.last_layer import PartedModel

FEWEST_PICTURES, FEWEST_GROUPS = 3, 2
_MOST_CLASHES = 5


def adapt(config: AdaptConfig, observer: AdaptObserver, on_note: OnNote) -> AdaptResult:
    """Fit the last layer of a bundle's model to the pictures, and write it as a new bundle.

    on_note: told which files are left out or cannot be read.

    Raises: BadInput, BadPicture (pictures), BadModel (a bundle that cannot be adapted), UsageError,
    CannotWrite, MissingDependency. Where the gate refuses, nothing is written and the result says
    why.
    """
    if not 0 <= config.max_forget_pp <= 100:
        raise UsageError(f"--max-forget {config.max_forget_pp:g}: give points, 0 to 100")
    out = files.output_folder(config.out, "a bundle", bundle.is_bundle)
    if config.photos.resolve() in out.resolve().parents:
        raise UsageError(
            f"--out {config.out} lies in {config.photos}, whose folders are classes: name another"
        )
    lap = _stopwatch()
    parted = PartedModel(config.model)
    remembered = memory.read(config.model, parted.body_sha256)
    found = pictures.find(config.photos, remembered.labels, config.grouping, on_note)
    garments = pictures.prepare(found, observer, on_note)
    together = grouped(garments, config.grouping)
    _note_clashes(together, on_note)
    _check_enough(config, found, garments, together.groups)
    labels = labels_of(remembered.labels, garments, config.only)
    lost = tuple(label for label in config.model.labels if label not in labels)
    if lost and not config.only:
        raise BadInput(
            f"{config.model.name} also knows {', '.join(lost)}, and {config.photos} has no such "
            "folder: learning begins anew from what it was adapted from, so add the pictures of "
            "all classes of your own, or name that bundle"
        )
    seconds = {"garments": lap()}
    observer.stage("Computing features")
    asked = problem(parted, remembered, garments, together.groups, labels)
    seconds["features"] = lap()
    judged = judge(asked, remembered.certainty, config.max_forget_pp, garments, observer)
    layer = asked.layer(asked.photos.rows, asked.memory.rows, judged.share)
    model = release.quantized(config.model, parted, asked, layer)
    seconds["fit"] = lap()
    result = AdaptResult(
        config=config,
        pictures=len(garments.files),
        groups=int(together.groups.max()) + 1,
        empty=garments.empty,
        unreadable=garments.unreadable,
        repeated=together.repeated,
        labels=labels,
        dropped=lost,
        agreement=release.agreement(model, asked, layer, garments),
        seconds=seconds,
        card=None,
        **judged.fields(),
    )
    if result.refused is None:
        card = release.write(out, model, remembered, result)
        result = dataclasses.replace(result, card=card)
    return result


def _note_clashes(together: Grouped, on_note: OnNote) -> None:
    for one, other in together.clashes[:_MOST_CLASHES]:
        labels = f"{one.label or UNKNOWN}, the other {other.label or UNKNOWN}"
        on_note(f"{one.path} and {other.path} look the same, and one is {labels}: take one away")
    if (more := len(together.clashes) - _MOST_CLASHES) > 0:
        on_note(f"{more:,} more such pairs")


def _stopwatch() -> Callable[[], float]:
    """A function that gives the seconds since it was last called, or since now."""
    last = time.monotonic()

    def lap() -> float:
        nonlocal last
        before, last = last, time.monotonic()
        return round(last - before, 2)

    return lap


def _check_enough(
    config: AdaptConfig, found: tuple[File, ...], garments: Garments, groups: Groups
) -> None:
    """Raises: BadPicture where a class has too few pictures to learn from and to test with."""
    groups_of = defaultdict[str, set[int]](set)
    count_of = defaultdict[str, int](int)
    for file, group in zip(garments.files, groups, strict=True):
        name = file.label or UNKNOWN
        count_of[name] += 1
        groups_of[name].add(int(group))
    names = dict.fromkeys(file.label or UNKNOWN for file in found)
    few = [name for name in names if count_of[name] < FEWEST_PICTURES]
    if few:
        told = ", ".join(f"{name} {count_of[name]}" for name in few)
        raise BadPicture(
            f"too few pictures with a garment in {config.photos}: {told}; take {FEWEST_PICTURES} "
            "of each class at least, 10 to begin with, or move the folder away"
        )
    few = [name for name in names if len(groups_of[name]) < FEWEST_GROUPS]
    if few:
        raise BadPicture(
            f"all pictures of {', '.join(few)} in {config.photos} belong together (--group "
            f"{config.grouping}), so that none is left to test with: take some on another "
            "occasion, of another piece"
        )
