"""Accuracy on somebody's own pictures, which lie in a folder for each class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgefmnist.camera.pictures.folder import OnNote, list_pictures, unheard
from edgefmnist.camera.recognizer import Recognizer
from edgefmnist.camera.stills import Still, recognize_stills
from edgefmnist.class_names import class_of
from edgefmnist.errors import BadInput, BadPicture
from edgefmnist.records import LABELS, Evaluation


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LabelledResult:
    """How the camera's path did on labelled pictures.

    evaluation: an unknown picture counts as wrong; in `confusion` it is the eleventh column.
    unreadable: the pictures that were not answered, and why; they count for nothing.
    """

    folder: Path
    evaluation: Evaluation
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
    """Answer every picture in the folders of `folder` that are named after classes.

    on_progress: called with pictures done and pictures in all. on_note: told what is left out.
    Raises: BadInput where a folder is named after none of them, or there is no picture.
    """
    folders = _class_folders(folder)
    counts = [len(list_pictures(path).pictures) for path, _ in folders]
    confusion = np.zeros((len(LABELS), len(LABELS) + 1), int)
    unreadable, done = [], 0
    for path, label in folders:
        for still in recognize_stills([str(path)], recognizer, on_note):
            if still.recognition is None:
                unreadable.append(still)
            else:  # index -1, unknown, is the last column
                confusion[label, still.recognition.prediction.label_index] += 1
            done += 1
            on_progress(done, sum(counts))
    if not confusion.sum():
        raise BadPicture(f"no picture in {folder} could be read: {unreadable[0].error}")
    return LabelledResult(
        folder=folder,
        evaluation=Evaluation(
            correct=int(np.trace(confusion)),
            total=int(confusion.sum()),
            confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        ),
        unreadable=tuple(unreadable),
    )


def _class_folders(folder: Path) -> list[tuple[Path, int]]:
    try:
        inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise BadPicture(f"cannot list {folder}: {error.strerror}") from error
    if not inside:
        raise BadInput(
            f"{folder} has no folders: put the pictures of each class into one named after it, "
            f"such as {folder}/Coat and {folder}/Ankle boot"
        )
    found = [(path, class_of(path.name)) for path in inside]
    foreign = [path.name for path, label in found if label is None]
    if foreign:
        raise BadInput(
            f"{folder} has folders that are named after no class: {', '.join(foreign)}; move them "
            f"away, or name each after one of {', '.join(LABELS)}"
        )
    return [(path, label) for path, label in found if label is not None]
