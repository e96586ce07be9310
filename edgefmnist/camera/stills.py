"""The camera's own path on still pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.pictures import read_picture
from edgefmnist.camera.recognizer import Recognition, Recognizer
from edgefmnist.camera.sources.folder import pictures_in
from edgefmnist.errors import BadInput, BadModel, BadPicture
from edgefmnist.preprocess import Preprocessor
from edgefmnist.records import GarmentFrames


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One picture and its answer, or the `error` that kept it from having one.

    pixels: uint8 [height, width, 3] in B, G, R order.
    path: as given by the user; for a folder, the folder as given joined with the file's name.
    """

    path: str
    pixels: npt.NDArray[np.uint8] | None = None
    recognition: Recognition | None = None
    error: BadInput | None = None


def recognize_stills(paths: Iterable[str], recognizer: Recognizer) -> Iterator[Still]:
    """Answer picture after picture; a bad one does not keep the others from being answered."""
    for given in paths:
        try:
            found = _files(given)
        except BadPicture as error:
            yield Still(path=given, error=error)
            continue
        for path in found:
            try:
                pixels = read_picture(Path(path))
                recognition = recognizer.recognize(pixels)
            except (BadPicture, BadModel) as error:
                yield Still(path=path, error=error)
            else:
                yield Still(path=path, pixels=pixels, recognition=recognition)


def garment_frames(folder: Path, on_progress: Callable[[int, int], None]) -> GarmentFrames:
    """What the camera's path makes of each picture in `folder`.

    on_progress: called with pictures done and pictures in all.
    Raises: BadPicture where `folder` is none or holds no pictures.
    """
    paths = pictures_in(folder)
    preprocessor = Preprocessor()
    pictures, empty, unreadable = [], 0, 0
    for done, path in enumerate(paths, 1):
        try:
            picture = preprocessor.prepare(read_picture(path)).picture
        except BadPicture:
            unreadable += 1
        else:
            if picture is None:
                empty += 1
            else:
                pictures.append(picture)
        on_progress(done, len(paths))
    return GarmentFrames(
        folder=folder,
        pictures=np.stack(pictures) if pictures else np.empty((0, 28, 28), np.uint8),
        empty=empty,
        unreadable=unreadable,
    )


def _files(given: str) -> list[str]:
    if not given:
        raise BadPicture("an empty name is no picture: name a file or a folder")
    if not Path(given).is_dir():
        return [given]
    return [f"{given.rstrip('/')}/{path.name}" for path in pictures_in(Path(given))]
