"""Why a photo got its answer: the outline found, the 28x28 the model saw, its probabilities.

Drawn with OpenCV alone, since a device has no matplotlib.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist import files
from edgefmnist.camera.recognizer import Recognition
from edgefmnist.camera.stills import Still
from edgefmnist.errors import UsageError, one_line
from edgefmnist.render.drawn import ascii_text

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

_INK, _SOFT, _TRACK, _PAPER = (45, 45, 45), (135, 135, 135), (232, 232, 232), 252  # B, G, R
_SURE, _UNSURE, _OTHER, _OUTLINE = (80, 150, 40), (30, 130, 225), (190, 160, 130), (200, 30, 255)
_MARGIN = 20
_HEAD = 64  # height of the headline
_PHOTO = (480, 420)  # largest width, height of the photo
_SEEN = 28 * 12  # side of the enlarged 28x28
_BARS_WIDTH = 330
_MOST_BARS = 10  # of classes; of a model with more, the likeliest
_NAMES_WIDTH = 112  # of the bars' width: the labels' names
_VALUES_WIDTH = 46  # of the bars' width: the percentages
_ROW, _BAR = 30, 16  # height of one bar's row and of the bar
_SEEN_LEFT = 2 * _MARGIN + _PHOTO[0]
_BARS_LEFT = _SEEN_LEFT + _SEEN + _MARGIN
_SIZE = (_BARS_LEFT + _BARS_WIDTH + _MARGIN, _HEAD + _PHOTO[1] + 2 * _MARGIN)
_LONGEST_NAME = 180  # bytes; file systems take 255, and a temporary name is longer
_SURROUNDINGS_LEFT = 0.6  # how much of the surroundings' contrast is left outside the outline


def explaining(
    stills: Iterable[Still], out: Path, threshold: float | None, labels: Sequence[str]
) -> Iterator[Still]:
    """Pass `stills` on, with a picture of each that was answered in folder `out`, which exists.

    A photo ``a.jpg`` is explained in ``a.explained.png``; a further one of that name in
    ``a-2.explained.png``.

    threshold: 0..1, of `known`, under which the answer is `unknown`; None for never. labels: the
    model's.
    Raises: CannotWrite.
    """
    taken: set[str] = set()
    for still in stills:
        if still.recognition is not None and still.pixels is not None:
            picture = draw(still.path, still.pixels, still.recognition, threshold, labels)
            encoded = cv2.imencode(".png", picture)[1]
            with files.replacing(out / _free_name(still.path, taken)) as scratch:
                scratch.write_bytes(encoded.tobytes())
        yield still


def check_folder(out: str, pictures: Iterable[str]) -> None:
    """See that `out` can be written, and is not where the pictures are.

    Explanations among the photos would be explained by the next run.

    Raises: UsageError, CannotWrite.
    """
    if not out:
        raise UsageError("--explain: name a folder")
    for given in pictures:
        path = Path(given)
        if os.path.realpath(out) == os.path.realpath(path if path.is_dir() else path.parent):
            raise UsageError(f"--explain {out} is where the pictures are: name another folder")
    files.make_folder(Path(out))


def draw(
    name: str,
    pixels: Pixels,
    recognition: Recognition,
    threshold: float | None,
    labels: Sequence[str],
) -> Pixels:
    """One explanation, uint8 [height, width, 3] in B, G, R order; its size is always the same.

    name: the photo's, shown as it is. pixels: uint8 [h, w, 3], the photo.
    threshold, labels: see `explaining`.
    """
    sheet = np.full((_SIZE[1], _SIZE[0], 3), _PAPER, np.uint8)
    _draw_headline(sheet, name, recognition)
    _draw_photo(sheet, pixels, recognition.mask)
    _draw_seen(sheet, recognition)
    _draw_bars(sheet, recognition, labels)
    _draw_known(sheet, recognition, threshold, min(len(labels), _MOST_BARS) + 1)
    return sheet


def _free_name(path: str, taken: set[str]) -> str:
    stem = Path(path).stem.encode(errors="surrogateescape")[:_LONGEST_NAME].decode(errors="ignore")
    stem = "".join(c if c.isprintable() else "_" for c in stem)  # as a terminal can list it
    stem = stem.lstrip(".") or "picture"  # lest it be hidden
    name, count = stem, 1
    while name.casefold() in taken:  # some file systems take A and a for the same
        count += 1
        name = f"{stem}-{count}"
    taken.add(name.casefold())
    return f"{name}.explained.png"


def _draw_headline(sheet: Pixels, name: str, recognition: Recognition) -> None:
    prediction = recognition.prediction
    if not prediction.top:
        answer, colour = "unknown: no garment stands out", _UNSURE
    elif prediction.unknown:
        maybe = " or ".join(label for label, _ in prediction.candidates)
        answer, colour = f"unknown (maybe {maybe})" if maybe else "unknown", _UNSURE
    else:
        answer, colour = prediction.label, _SURE
    answer = _cut(ascii_text(answer), _SIZE[0] * 2 // 3, 1.0, 2)
    _write(sheet, answer, (_MARGIN, 42), 1.0, colour, thickness=2)
    shown = ascii_text(one_line(name))
    room = _SIZE[0] - 3 * _MARGIN - _width(answer, 1.0, 2)
    while _width(shown, 0.5) > room:
        shown = "..." + shown[4:]
    _write(sheet, shown, (_SIZE[0] - _MARGIN - _width(shown, 0.5), 40), 0.5, _SOFT)


def _draw_photo(sheet: Pixels, pixels: Pixels, mask: Pixels | None) -> None:
    """The photo as large as it fits, its surroundings paler and the garment outlined."""
    height, width = pixels.shape[:2]
    scale = min(_PHOTO[0] / width, _PHOTO[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    photo = np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)
    if mask is not None:
        small = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        pale = 255 - (255 - photo.astype(np.float32)) * _SURROUNDINGS_LEFT
        photo = np.where(small[..., None] > 0, photo, pale).astype(np.uint8)
        outline = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
        for colour, thickness in (((255, 255, 255), 4), (_OUTLINE, 2)):
            cv2.drawContours(photo, outline, -1, colour, thickness, cv2.LINE_AA)
    left, top = _MARGIN + (_PHOTO[0] - size[0]) // 2, _HEAD
    sheet[top : top + size[1], left : left + size[0]] = photo


def _draw_seen(sheet: Pixels, recognition: Recognition) -> None:
    """The 28x28, each of its pixels a square."""
    left, top = _SEEN_LEFT, _HEAD
    field = sheet[top : top + _SEEN, left : left + _SEEN]
    if recognition.picture is None:
        field[:] = _TRACK
        told = "no garment found"
        _write(field, told, ((_SEEN - _width(told, 0.6)) // 2, _SEEN // 2), 0.6, _SOFT)
        return
    size = (_SEEN, _SEEN)
    field[:] = cv2.resize(recognition.picture, size, interpolation=cv2.INTER_NEAREST)[..., None]
    whole = recognition.mask is None
    told = "no garment found: the whole photo, 28x28" if whole else "what the model sees: 28x28"
    _write(sheet, told, (left, top + _SEEN + 24), 0.5, _SOFT)


def _draw_bars(sheet: Pixels, recognition: Recognition, labels: Sequence[str]) -> None:
    """A bar for each class in label order, so that a class is always found in the same place.

    Where there are more than have room, for the likeliest.
    """
    prediction = recognition.prediction
    shown = [label for label, _ in prediction.top[:_MOST_BARS]] or labels[:_MOST_BARS]
    strong = (
        {label for label, _ in prediction.candidates} if prediction.unknown else {prediction.label}
    )
    shares: dict[str, float] = {}
    if recognition.probabilities is not None:
        shares = dict(zip(labels, recognition.probabilities.tolist(), strict=True))
    for row, label in enumerate(sorted(shown, key=labels.index)):
        best = label in strong
        told = f"{shares[label]:.0%}" if shares else ""
        colour = (_UNSURE if prediction.unknown else _SURE) if best else _OTHER
        name = _cut(ascii_text(label), _NAMES_WIDTH - 8, 0.48)
        _draw_bar(sheet, row, (name, told), shares.get(label, 0.0), colour, strong=best)


def _draw_known(sheet: Pixels, recognition: Recognition, threshold: float | None, row: int) -> None:
    """The probability that decides between label and `unknown`, and the threshold as a mark."""
    known = recognition.prediction.known
    colour = _UNSURE if recognition.prediction.unknown else _SURE
    left, top, width = _draw_bar(sheet, row, ("known", f"{known:.2f}"), known, colour, strong=True)
    if threshold is None:
        _write(sheet, "unknown is switched off", (left, top + _ROW + 12), 0.45, _SOFT)
        return
    at = left + round(threshold * width)
    cv2.line(sheet, (at, top - 5), (at, top + _BAR + 4), _INK, 2)
    told = f"unknown under {threshold:.2f}"
    end = _BARS_LEFT + _BARS_WIDTH - _width(told, 0.45)
    _write(sheet, told, (min(left, end), top + _ROW + 12), 0.45, _SOFT)


def _draw_bar(
    sheet: Pixels, row: int, texts: tuple[str, str], share: float, colour: Colour, *, strong: bool
) -> tuple[int, int, int]:
    """One row of the bars, texts before and behind it; returns (left, top, width) of a full one."""
    name, value = texts
    left, top = _BARS_LEFT + _NAMES_WIDTH, _HEAD + row * _ROW + (_ROW - _BAR) // 2
    width = _BARS_WIDTH - _NAMES_WIDTH - _VALUES_WIDTH
    sheet[top : top + _BAR, left : left + width] = _TRACK
    sheet[top : top + _BAR, left : left + round(share * width)] = colour
    ink, base = _INK if strong else _SOFT, top + _BAR - 3
    _write(sheet, name, (left - 8 - _width(name, 0.48), base), 0.48, ink)
    _write(sheet, value, (_BARS_LEFT + _BARS_WIDTH - _width(value, 0.48), base), 0.48, ink)
    return left, top, width


def _write(
    sheet: Pixels, text: str, at: tuple[int, int], size: float, ink: Colour, thickness: int = 1
) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, thickness, cv2.LINE_AA)


def _cut(text: str, width: int, size: float, thickness: int = 1) -> str:
    """`text`, its end left out where it is wider than `width` pixels."""
    whole = text
    while _width(text, size, thickness) > width:
        whole = whole[:-1]
        text = f"{whole}..."
    return text


def _width(text: str, size: float, thickness: int = 1) -> int:
    """Width of a written text in pixels."""
    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thickness)[0][0])
