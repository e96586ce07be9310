"""A picture of what the camera's path did: scene with box, the 28x28, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist import files
from edgefmnist.camera.recognizer import Recognition
from edgefmnist.records import LABELS, Frame
from edgefmnist.render.drawn import ascii_text

Pixels = npt.NDArray[np.uint8]

_COLUMNS = 4
_SCENE = (288, 216)  # width, height of a scene on the sheet
_SEEN = 112  # side of the enlarged 28x28
_TEXT_HEIGHT = 30
_MARGIN = 8
_INK, _PAPER = (40, 40, 40), 250
_RIGHT, _WRONG, _FOUND = (60, 140, 40), (40, 40, 200), (40, 200, 255)  # B, G, R


def draw(seen: Sequence[tuple[Frame, Recognition]], path: Path) -> None:
    """Draw frames and their recognitions, four in a row, as a PNG under `path`.

    Raises: CannotWrite.
    """
    cells = [_cell(frame, recognition) for frame, recognition in seen]
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % _COLUMNS)
    rows = [np.hstack(cells[at : at + _COLUMNS]) for at in range(0, len(cells), _COLUMNS)]
    encoded = cv2.imencode(".png", np.vstack(rows))[1]
    with files.replacing(path) as scratch:
        scratch.write_bytes(encoded.tobytes())


def _cell(frame: Frame, recognition: Recognition) -> Pixels:
    scene = cv2.resize(frame.pixels, _SCENE, interpolation=cv2.INTER_AREA)
    if recognition.box is not None:
        scale = _SCENE[0] / frame.pixels.shape[1]
        x, y, w, h = (round(value * scale) for value in recognition.box)
        cv2.rectangle(scene, (x, y), (x + w, y + h), _FOUND, 2)
    width, height = _SCENE[0] + _SEEN + _MARGIN * 3, _SCENE[1] + _TEXT_HEIGHT + _MARGIN
    cell = np.full((height, width, 3), _PAPER, np.uint8)
    cell[_MARGIN : _MARGIN + _SCENE[1], _MARGIN : _MARGIN + _SCENE[0]] = scene
    if recognition.picture is not None:
        size = (_SEEN, _SEEN)
        small = cv2.resize(recognition.picture, size, interpolation=cv2.INTER_NEAREST)
        left = _SCENE[0] + 2 * _MARGIN
        cell[_MARGIN : _MARGIN + _SEEN, left : left + _SEEN] = small[..., None]
    text, colour = _answer(frame, recognition)
    text = ascii_text(text)
    at = (_MARGIN, _SCENE[1] + _MARGIN + 22)
    cv2.putText(cell, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 1, cv2.LINE_AA)
    return cell


def _answer(frame: Frame, recognition: Recognition) -> tuple[str, tuple[int, int, int]]:
    prediction = recognition.prediction
    said = "unknown" if prediction.unknown else f"{prediction.label} {prediction.score:.0%}"
    if frame.true_label is None:
        return said, _INK
    if frame.true_label < 0:
        return f"{said} (nothing there)", _RIGHT if prediction.unknown else _WRONG
    right = prediction.is_right(frame.true_label)
    return f"{said} (is: {LABELS[frame.true_label]})", _RIGHT if right else _WRONG
