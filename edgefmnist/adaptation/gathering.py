"""Somebody's pictures made ready to learn from: garments found, grouped, enough of each class."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

from edgefmnist.adaptation import pictures
from edgefmnist.adaptation.groups import Grouped, Groups, grouped
from edgefmnist.adaptation.pictures import File, Garments
from edgefmnist.adaptation.problem import labels_of
from edgefmnist.adaptation.records import AdaptConfig, AdaptObserver
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.errors import BadInput, BadPicture
from edgefmnist.records import UNKNOWN

FEWEST_PICTURES, FEWEST_GROUPS = 3, 2
_MOST_CLASHES = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Pictures to learn from. groups: of each, numbered from 0. labels: of the new model.

    repeated: pictures that look like another one and count as one group with it. dropped: labels
    of the model given that the new one will not have.
    """

    garments: Garments
    groups: Groups
    repeated: int
    labels: tuple[str, ...]
    dropped: tuple[str, ...]


def gather(
    config: AdaptConfig, known: tuple[str, ...], observer: AdaptObserver, on_note: OnNote
) -> Gathered:
    """Find the pictures and the garments in them. known: labels of the model to begin from.

    on_note: told which files are left out or cannot be read.
    Raises: BadInput, BadPicture.
    """
    found = pictures.find(config.photos, known, config.grouping, on_note)
    labels = labels_of(known, found, config.only)
    dropped = _dropped(config, labels)
    garments = pictures.prepare(found, observer, on_note)
    together = grouped(garments, config.grouping)
    _note_clashes(together, on_note)
    _check_enough(config, found, garments, together.groups)
    return Gathered(
        garments=garments,
        groups=together.groups,
        repeated=together.repeated,
        labels=labels,
        dropped=dropped,
    )


def _dropped(config: AdaptConfig, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Raises: BadInput where the model learned classes that would be lost without a word."""
    dropped = tuple(label for label in config.model.labels if label not in labels)
    if dropped and not config.only:
        raise BadInput(
            f"{config.model.name} also knows {', '.join(dropped)}, and {config.photos} has no such "
            "folder: learning begins again from what it was adapted from, so add the pictures of "
            "all classes of your own, or name that bundle"
        )
    return dropped


def _note_clashes(together: Grouped, on_note: OnNote) -> None:
    for one, other in together.clashes[:_MOST_CLASHES]:
        labels = f"{one.label or UNKNOWN}, the other {other.label or UNKNOWN}"
        on_note(f"{one.path} and {other.path} look the same, and one is {labels}: take one away")
    if (more := len(together.clashes) - _MOST_CLASHES) > 0:
        on_note(f"{more:,} more such pairs")


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
