"""The camera's own path on still pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

from edgefmnist.camera.pictures import read_picture
from edgefmnist.camera.recognizer import Recognition, Recognizer
from edgefmnist.camera.sources.folder import pictures_in
from edgefmnist.errors import BadPicture


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One picture's answer: either `recognition`, or the `error` that kept it from being read.

    path: as given by the user; for a folder, the folder as given joined with the file's name.
    """

    path: str
    recognition: Recognition | None
    error: BadPicture | None


def recognize_stills(paths: Iterable[str], recognizer: Recognizer) -> Iterator[Still]:
    """Answer picture after picture; a bad one does not keep the others from being answered."""
    for given in paths:
        try:
            found = _files(given)
        except BadPicture as error:
            yield Still(path=given, recognition=None, error=error)
            continue
        for path in found:
            try:
                recognition = recognizer.recognize(read_picture(Path(path)))
            except BadPicture as error:
                yield Still(path=path, recognition=None, error=error)
            else:
                yield Still(path=path, recognition=recognition, error=None)


def _files(given: str) -> list[str]:
    if not given:
        raise BadPicture("an empty name is no picture: name a file or a folder")
    if not Path(given).is_dir():
        return [given]
    return [f"{given.rstrip('/')}/{path.name}" for path in pictures_in(Path(given))]
