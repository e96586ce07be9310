"""From somebody's own pictures to a bundle that knows them: find, fit, check, write."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from edgefmnist import files
from edgefmnist.adaptation import release
from edgefmnist.adaptation.gathering import gather
from edgefmnist.adaptation.judging import judge
from edgefmnist.adaptation.problem import problem
from edgefmnist.adaptation.records import AdaptConfig, AdaptObserver, AdaptResult
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.errors import UsageError
from edgefmnist.runtime import bundle, memory
from edgefmnist.runtime.last_layer import PartedModel


def adapt(config: AdaptConfig, observer: AdaptObserver, on_note: OnNote) -> AdaptResult:
    """Fit the last layer of a bundle's model to the pictures, and write it as a new bundle.

    on_note: told which files are left out or cannot be read.

    Raises: BadInput, BadPicture (pictures), BadModel (a bundle that cannot be adapted), UsageError,
    CannotWrite, MissingDependency. Where the gate refuses, nothing is written and the result says
    why.
    """
    out = checked_out(config)
    lap = stopwatch()
    parted = PartedModel(config.model)
    remembered = memory.read(config.model, parted.body_sha256)
    gathered = gather(config, remembered.labels, observer, on_note)
    seconds = {"garments": lap()}
    if config.model.card is not None and config.model.card.adapted_layers == "all":
        on_note(
            f"all layers of {config.model.name} have learned from pictures before: scores on those "
            "same pictures flatter"
        )
    observer.stage("Computing features")
    asked = problem(parted, remembered, gathered.garments, gathered.groups, gathered.labels)
    seconds["features"] = lap()
    judged = judge(asked, remembered.certainty, config.max_forget_pp, gathered.garments, observer)
    fitted = release.fitted(config.model, parted, asked, judged.share, gathered.garments.images)
    seconds["fit"] = lap()
    return release.finish(out, config, gathered, judged, remembered, fitted, seconds)


def checked_out(config: AdaptConfig) -> Path:
    """Where the bundle goes. Raises: UsageError (`config` is off), CannotWrite."""
    if not 0 <= config.max_forget_pp <= 100:
        raise UsageError(f"--max-forget {config.max_forget_pp:g}: give points, 0 to 100")
    out = files.output_folder(config.out, "a bundle", bundle.is_bundle)
    if config.photos.resolve() in out.resolve().parents:
        raise UsageError(
            f"--out {config.out} lies in {config.photos}, whose folders are classes: name another"
        )
    return out


def stopwatch() -> Callable[[], float]:
    """A function that gives the seconds since it was last called, or since now."""
    last = time.monotonic()

    def lap() -> float:
        nonlocal last
        before, last = last, time.monotonic()
        return round(last - before, 2)

    return lap
