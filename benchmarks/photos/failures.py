"""Typical failures: a sheet of what the model saw, and explained photos to look at.

The sheet is part of the project and shows only 28x28 pictures; the photos are other people's and
stay outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.photos.measure import Photo
from benchmarks.photos.score import LENIENT, OUTSIDE, STRICT, Answer
from edgefmnist import files
from edgefmnist.camera.recognizer import Recognizer
from edgefmnist.camera.stills import Still
from edgefmnist.render.explain import explaining

Pixels = npt.NDArray[np.uint8]

_EACH = 6  # failures of a folder
_SIDE = 28 * 4
_CELL = (_SIDE + 28, _SIDE + 46)  # width, height
_NAMES = 110  # width of the folders' names
_INK, _SOFT, _BLANK, _PAPER = (45, 45, 45), (120, 120, 120), 232, 252


def choose(answers: Sequence[Answer], threshold: float) -> dict[str, list[Answer]]:
    """Of each folder the failures the path was surest of, at most `_EACH`.

    A failure is an answer that not even leniency allows, or a refused garment; outside of
    Fashion-MNIST, any label.
    """
    chosen = {}
    for folder in (*STRICT, *OUTSIDE):
        own = [one for one in answers if one.folder == folder]
        if folder in OUTSIDE:
            wrong = [one for one in own if not one.refused(threshold)]
        else:
            wrong = [one for one in own if not one.right(LENIENT, threshold)]
        # The file's name settles a tie, so that the sheet is the same from run to run.
        wrong.sort(key=lambda one: (one.refused(threshold), -one.known, one.name))
        # Wrong labels first, but refusals are failures too: of a garment at least one is shown.
        chosen[folder] = wrong if len(wrong) <= _EACH else [*wrong[: _EACH - 1], wrong[-1]]
    return chosen


def draw_sheet(failures: dict[str, list[Answer]], threshold: float, path: Path) -> None:
    """Draw a row of 28x28 pictures for each folder, each with its answer, as a PNG.

    Raises: CannotWrite.
    """
    width = _NAMES + _EACH * _CELL[0]
    rows = [_row(f, own, threshold, width) for f, own in failures.items() if own]
    rows = rows or [np.full((_CELL[1], width), _PAPER, np.uint8)]
    smallest = (cv2.IMWRITE_PNG_COMPRESSION, 9)  # a third of the default's size
    encoded = cv2.imencode(".png", np.vstack(rows), smallest)[1]
    with files.replacing(path) as scratch:
        scratch.write_bytes(encoded.tobytes())


def explain_failures(
    failures: dict[str, list[Answer]], photos: Sequence[Photo], recognizer: Recognizer, out: Path
) -> None:
    """Write a picture of each failure with its photo and outline into `out`/FOLDER.

    Raises: CannotWrite.
    """
    by_name = {(photo.folder, photo.path.name): photo for photo in photos}
    for folder, own in failures.items():
        stills = []
        for one in own:
            photo = by_name[folder, one.name]
            seen = recognizer.recognize(photo.pixels)
            stills.append(Still(path=str(photo.path), pixels=photo.pixels, recognition=seen))
        files.make_folder(out / folder)
        list(
            explaining(stills, out / folder, recognizer.unknown_threshold, recognizer.model.labels)
        )


def _row(folder: str, own: Sequence[Answer], threshold: float, width: int) -> Pixels:
    row = np.full((_CELL[1], width), _PAPER, np.uint8)
    _write(row, folder, (10, 10 + _SIDE // 2), 0.55, _INK)
    for index, one in enumerate(own):
        left = _NAMES + index * _CELL[0]
        size = (_SIDE, _SIDE)
        field = cv2.resize(one.picture, size, interpolation=cv2.INTER_NEAREST)
        # Where nothing was found the picture is the whole photo, which the model would not see.
        row[8 : 8 + _SIDE, left : left + _SIDE] = field if one.found else _BLANK
        said = "unknown" if one.refused(threshold) else one.label
        _write(row, said, (left, _SIDE + 24), 0.45, _INK)
        told = f"known {one.known:.2f}" if one.found else "nothing found"
        _write(row, told, (left, _SIDE + 40), 0.4, _SOFT)
    return row


def _write(
    row: Pixels, text: str, at: tuple[int, int], size: float, ink: tuple[int, int, int]
) -> None:
    cv2.putText(row, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
