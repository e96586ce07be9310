"""The camera's own path on still pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.pictures.folder import Complaints, list_pictures
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.camera.recognizer import Recognition, Recognizer
from edgefmnist.camera.turning import seen
from edgefmnist.camera.view import View
from edgefmnist.errors import BadInput, BadModel, BadPicture
from edgefmnist.preprocess import Preprocessor
from edgefmnist.records import Box, GarmentFrames, box_at


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One picture and its answer, or the `error` that kept it from having one.

    pixels: uint8 [height, width, 3] in B, G, R order. full_size: width and height of the picture,
    of which `pixels` are a smaller decoding where it is large.
    path: as given by the user; for a folder, the folder as given joined with the file's name.
    """

    path: str
    pixels: npt.NDArray[np.uint8] | None = None
    full_size: tuple[int, int] | None = None
    recognition: Recognition | None = None
    error: BadInput | None = None

    @property
    def box(self) -> Box | None:
        """(x, y, width, height) of the garment in the picture at its full size."""
        if self.recognition is None or self.pixels is None:
            return None
        return box_at(self.recognition.box, self.pixels.shape, self.full_size)


def recognize_stills(
    paths: Iterable[str], recognizer: Recognizer, on_note: OnNote, view: View | None = None
) -> Iterator[Still]:
    """Answer picture after picture; a bad one does not keep the others from being answered.

    on_note: told what is left out of a folder. view: how pictures are turned and cut.
    """
    for given in paths:
        try:
            found = _files(given, on_note)
        except BadPicture as error:
            yield Still(path=given, error=error)
            continue
        for path in found:
            yield _still(path, recognizer, view or View())


def _still(path: str, recognizer: Recognizer, view: View) -> Still:
    try:
        picture = read_picture(Path(path))
        pixels = seen(picture.pixels, view)
        recognition = recognizer.recognize(pixels)
    except (BadPicture, BadModel) as error:
        return Still(path=path, error=error)
    return Still(
        path=path, pixels=pixels, full_size=view.size(picture.full_size), recognition=recognition
    )


def garment_frames(
    folder: Path, on_progress: Callable[[int, int], None], on_note: OnNote
) -> GarmentFrames:
    """What the camera's path makes of each picture in `folder`.

    on_progress: called with pictures done and pictures in all. on_note: told what is left out of
    the folder, and of the first few pictures that cannot be read what is wrong.
    Raises: BadPicture where `folder` is none or holds no pictures.
    """
    found = list_pictures(folder)
    if found.note:
        on_note(found.note)
    preprocessor, complaints = Preprocessor(), Complaints(on_note)
    pictures, empty, unreadable = [], 0, 0
    for done, path in enumerate(found.pictures, 1):
        try:
            picture = preprocessor.prepare(read_picture(path).pixels).picture
        except BadPicture as error:
            unreadable += 1
            complaints.add(error)
        else:
            if picture is None:
                empty += 1
            else:
                pictures.append(picture)
        on_progress(done, len(found.pictures))
    complaints.close()
    return GarmentFrames(
        folder=folder,
        pictures=np.stack(pictures) if pictures else np.empty((0, 28, 28), np.uint8),
        empty=empty,
        unreadable=unreadable,
    )


def _files(given: str, on_note: OnNote) -> list[str]:
    if not given:
        raise BadPicture("an empty name is no picture: name a file or a folder")
    if not Path(given).is_dir():
        return [given]
    found = list_pictures(Path(given))
    if found.note:
        on_note(found.note)
    return [f"{given.rstrip('/')}/{path.name}" for path in found.pictures]
