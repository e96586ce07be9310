"""Pictures that belong together: no test may hold one of them while the fit has seen another."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from edgefmnist.adaptation.pictures import File, Garments
from edgefmnist.adaptation.records import Grouping

Groups = npt.NDArray[np.int64]

BURST_S = 60
"""Pictures of one class within so many seconds of the first of them are one group."""
_SAME = 10.0
"""Root mean square difference, in intensities, under which two garments are one seen twice."""
_ROWS = 512


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """What belongs together among n pictures.

    groups: int64 [n], numbered from 0. repeated: how many look like one in another group.
    clashes: pairs that look the same and have different labels.
    """

    groups: Groups
    repeated: int
    clashes: tuple[tuple[File, File], ...]


def grouped(garments: Garments, grouping: Grouping) -> Grouped:
    """Put the pictures into groups.

    grouping: "time" puts pictures of one class within a minute into one group, and each picture
        whose time is not known into one of its own; "folder" those of one folder; "prefix" those
        whose names begin alike, up to the last number (``parka-1``, ``parka 2``).
    Whatever the grouping, pictures that look the same are one group.
    """
    keys: dict[object, int] = {}
    makers = {"time": _by_time, "folder": _by_folder, "prefix": _by_prefix}
    named = makers[grouping](garments)
    own = np.array([keys.setdefault(key, len(keys)) for key in named])
    pairs = _pairs(garments.images)
    merged = _merged(own, pairs)
    _, numbers = np.unique(merged, return_inverse=True)
    files = garments.files
    return Grouped(
        groups=numbers.astype(np.int64),
        repeated=int((merged != own).sum()),
        clashes=tuple((files[a], files[b]) for a, b in pairs if files[a].label != files[b].label),
    )


def _by_folder(garments: Garments) -> list[object]:
    return [file.path.parent for file in garments.files]


def _by_prefix(garments: Garments) -> list[object]:
    return [
        (file.label, re.sub(r"[\W_]*\d*[\W_]*$", "", file.path.stem)) for file in garments.files
    ]


def _by_time(garments: Garments) -> list[object]:
    keys: list[object] = list(range(len(garments.files)))
    begins: dict[str | None, int] = {}
    timed = [(taken, at) for at, taken in enumerate(garments.taken_s) if taken is not None]
    for taken, at in sorted(timed):
        label = garments.files[at].label
        if label not in begins or taken - begins[label] > BURST_S:
            begins[label] = taken
        keys[at] = (label, begins[label])
    return keys


def _pairs(images: npt.NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pairs of pictures that look the same."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    squares = (flat**2).sum(axis=1)
    limit = flat.shape[1] * _SAME**2
    found: list[tuple[int, int]] = []
    for at in range(0, len(flat), _ROWS):
        part = flat[at : at + _ROWS]
        apart = squares[at : at + _ROWS, None] + squares[at:] - 2 * part @ flat[at:].T
        for one, other in np.argwhere(apart < limit):
            if one < other:
                found.append((at + int(one), at + int(other)))
    return found


def _merged(own: Groups, pairs: list[tuple[int, int]]) -> Groups:
    """Groups after those of each pair have become one, under the lowest number of them."""
    leader: dict[int, int] = defaultdict(int, {int(group): int(group) for group in own})

    def lead(group: int) -> int:
        while leader[group] != group:
            leader[group] = leader[leader[group]]
            group = leader[group]
        return group

    for one, other in pairs:
        first, second = sorted((lead(int(own[one])), lead(int(own[other]))))
        leader[second] = first
    return np.array([lead(int(group)) for group in own], np.int64)
