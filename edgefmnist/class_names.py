"""Names of classes: what may be one, and which one the name of a folder stands for."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from edgefmnist.errors import one_line
from edgefmnist.records import LABELS, UNKNOWN

FEWEST, MOST = 2, 40
"""Classes that a model may have."""
MOST_CHARACTERS = 40
"""Of one name."""
_NONE_OF_THEM = frozenset({UNKNOWN, "none"})
_IGNORED = ("P", "Z", "C", "Sc", "Sk", "Sm")  # general categories of Unicode


def check_labels(labels: Sequence[str]) -> None:
    """See that `labels` can be the classes of one model, in label order.

    2 to 40 texts, each one printable line of at most 40 characters with a letter, a digit or a
    picture in it. No two stand for the same folder, and none for what is none of them.

    Raises: ValueError, whose words are fit to be shown.
    """
    if not FEWEST <= len(labels) <= MOST:
        raise ValueError(f"{len(labels)} labels, where {FEWEST} to {MOST} can be")
    seen: dict[str, str] = {}
    for label in labels:
        check_label(label)
        if plain(label) in seen:
            raise ValueError(f"two labels are too much alike: {seen[plain(label)]} and {label}")
        seen[plain(label)] = label


def check_label(label: str) -> None:
    """See that `label` can be the name of a class. Raises: ValueError, fit to be shown."""
    if len(label) > MOST_CHARACTERS:
        raise ValueError(
            f"the label {one_line(label):.20}... has over {MOST_CHARACTERS} characters"
        )
    if label != one_line(label):
        raise ValueError(f'the label "{one_line(label)}" is not one printable line without margins')
    if all(unicodedata.category(one).startswith("M") for one in plain(label)):  # marks, or nothing
        raise ValueError(f'the label "{label}" has no letter and no digit')
    if is_none_of_them(label):
        raise ValueError(f'the label "{label}" is what stands for none of the classes')


def class_of(name: str, labels: Sequence[str] = LABELS) -> int | None:
    """Index of the label that the name of a folder stands for, None for no label.

    Case, spaces and punctuation do not count, nor does the s of a plural. Half of a label with a
    slash is enough (``t-shirt`` or ``top`` for T-shirt/top), and so is a label's index. A label's
    whole name comes first, then its halves, then indices.
    """
    given = plain(name)
    wholes = [plain(label) for label in labels]
    halves = [{plain(half) for half in label.split("/")} for label in labels]
    for word in filter(None, (given, given.removesuffix("s"))):
        for index, whole in enumerate(wholes):
            if word == whole:
                return index
        for index, parts in enumerate(halves):
            if word in parts:
                return index
    return int(given) if given in map(str, range(len(labels))) else None


def is_none_of_them(name: str) -> bool:
    """Whether the name of a folder says that its pictures show none of the classes."""
    return plain(name) in _NONE_OF_THEM


def folder_name(label: str) -> str:
    """A name for the folder of a class that stands for `label`: `class_of` finds it again.

    `label` has passed `check_label`. The name is never hidden, absolute, or made of dots.
    """
    return label.replace("/", "_").replace("\\", "_").lstrip(".-~ ")


def plain(name: str) -> str:
    """What of a name counts: its letters, digits and pictures (emoji), without regard to case.

    Composed (NFKC), as some systems keep the accents of a file's name as characters of their own.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(c for c in folded if not unicodedata.category(c).startswith(_IGNORED))
