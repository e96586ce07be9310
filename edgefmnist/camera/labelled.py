"""Accuracy on somebody's own pictures, which lie in a folder for each class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgefmnist.camera.pictures.folder import list_pictures
from edgefmnist.camera.pictures.notes import OnNote, unheard
from edgefmnist.camera.recognizer import Recognizer
from edgefmnist.camera.stills import Still, recognize_stills
from edgefmnist.class_names import class_of, folder_name, is_none_of_them
from edgefmnist.errors import BadInput, BadPicture
from edgefmnist.records import Evaluation


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LabelledResult:
    """How the camera's path did on labelled pictures.

    evaluation: of the model's classes; an unknown picture counts as wrong, and in `confusion` it is
        in the last column.
    nothing, nothing_refused: pictures in folders named ``unknown`` or ``none``, and those of them
        that were answered `unknown`; they are not in `evaluation`.
    unreadable: the pictures that were not answered, and why; they count for nothing.
    """

    folder: Path
    evaluation: Evaluation
    nothing: int
    nothing_refused: int
    unreadable: tuple[Still, ...]

    @property
    def unknown(self) -> int:
        """Pictures answered `unknown`."""
        return sum(row[-1] for row in self.evaluation.confusion)


def evaluate_pictures(
    folder: Path,
    recognizer: Recognizer,
    on_progress: Callable[[int, int], None],
    on_note: OnNote = unheard,
) -> LabelledResult:
    """Answer every picture in the folders of `folder` that are named after the model's classes.

    Or after none of them (`class_names.is_none_of_them`).

    on_progress: called with pictures done and pictures in all. on_note: told what is left out.
    Raises: BadInput where a folder is named after something else, or there is no picture.
    """
    labels = recognizer.model.labels
    folders = _class_folders(folder, labels)
    counts = [len(list_pictures(path).pictures) for path, _ in folders]
    # Index -1, of none of the classes and of unknown, is the last row and the last column.
    answered = np.zeros((len(labels) + 1, len(labels) + 1), int)
    unreadable, done = [], 0
    for path, label in folders:
        for still in recognize_stills([str(path)], recognizer, on_note):
            if still.recognition is None:
                unreadable.append(still)
            else:
                answered[label, still.recognition.prediction.label_index] += 1
            done += 1
            on_progress(done, sum(counts))
    confusion = answered[:-1]
    if not confusion.sum():
        if not unreadable:
            raise BadInput(f"{folder} has pictures of none of the classes only")
        raise BadPicture(f"no picture in {folder} could be read: {unreadable[0].error}")
    return LabelledResult(
        folder=folder,
        evaluation=Evaluation(
            correct=int(np.trace(confusion)),
            total=int(confusion.sum()),
            confusion=tuple(tuple(int(count) for count in row) for row in confusion),
            labels=labels,
        ),
        nothing=int(answered[-1].sum()),
        nothing_refused=int(answered[-1, -1]),
        unreadable=tuple(unreadable),
    )


def _class_folders(folder: Path, labels: Sequence[str]) -> list[tuple[Path, int]]:
    """Each folder and the index of its class, -1 for none of them."""
    try:
        inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise BadPicture(f"cannot list {folder}: {error.strerror}") from error
    if not inside:
        raise BadInput(
            f"{folder} has no folders: put the pictures of each class into one named after it, "
            f"such as {folder / folder_name(labels[0])} and {folder / folder_name(labels[-1])}"
        )
    found = [
        (path, -1 if is_none_of_them(path.name) else class_of(path.name, labels)) for path in inside
    ]
    foreign = [path.name for path, label in found if label is None]
    if foreign:
        raise BadInput(
            f"{folder} has folders that are named after no class: {', '.join(foreign)}; move them "
            f"away, or name each after one of {', '.join(labels)}, or unknown"
        )
    return [(path, label) for path, label in found if label is not None]
