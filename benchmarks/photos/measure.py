"""Photos and empty scenes through the camera's own path."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.photos.score import EMPTY, OUTSIDE, STRICT, Answer, in_tuning_half
from benchmarks.photos.variants import Variant
from edgefmnist.camera.pictures.folder import list_pictures
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.camera.recognizer import Recognizer
from edgefmnist.camera.sources import scenes
from edgefmnist.errors import BadPicture

OnProgress = Callable[[int, int], None]
"""Called with pictures done and pictures in all."""

EMPTY_SCENES = 400
_SEED = 2017


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo in memory. pixels: uint8 [height, width, 3] in B, G, R order."""

    folder: str
    path: Path
    pixels: npt.NDArray[np.uint8]

    @property
    def tuning(self) -> bool:
        """Whether it is in the tuning half."""
        return in_tuning_half(self.path.name)


def read_photos(root: Path, on_progress: OnProgress) -> list[Photo]:
    """Read the photos of every folder that has a meaning here.

    Raises: BadPicture where there is none, or one cannot be read.
    """
    folders = [root / name for name in (*STRICT, *OUTSIDE) if (root / name).is_dir()]
    if not any(folder.name in STRICT for folder in folders):
        raise BadPicture(f"{root} has no folders of photos such as {root}/dress")
    paths = [path for folder in folders for path in list_pictures(folder).pictures]
    photos = []
    for path in paths:
        photos.append(Photo(folder=path.parent.name, path=path, pixels=read_picture(path).pixels))
        on_progress(len(photos), len(paths))
    return photos


def answer_photos(
    photos: list[Photo], recognizer: Recognizer, on_progress: OnProgress
) -> list[Answer]:
    """Answer each photo. recognizer: with the threshold off, so that it always has a label."""
    answers = []
    for photo in photos:
        answers.append(_answer(photo.folder, photo.path.name, photo.pixels, recognizer))
        on_progress(len(answers), len(photos))
    return answers


def answer_variants(
    photos: list[Photo],
    variants: Sequence[Variant],
    recognizer: Recognizer,
    on_progress: OnProgress,
) -> list[list[Answer]]:
    """Answer each photo with each variant of the path; a list for each variant.

    All variants take their turn at one photo before the next, so that a machine that slows down
    slows all alike.
    """
    answers: list[list[Answer]] = [[] for _ in variants]
    for done, photo in enumerate(photos, 1):
        for variant, own in zip(variants, answers, strict=True):
            with variant.active():
                own.append(_answer(photo.folder, photo.path.name, photo.pixels, recognizer))
        on_progress(done, len(photos))
    return answers


def answer_empty(recognizer: Recognizer, on_progress: OnProgress) -> list[Answer]:
    """Answer `EMPTY_SCENES` different scenes of the demo source that hold no garment."""
    answers = []
    for pixels in empty_scenes(EMPTY_SCENES):
        answers.append(_answer(EMPTY, "", pixels, recognizer))
        on_progress(len(answers), EMPTY_SCENES)
    return answers


def empty_scenes(count: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames, uint8 [480, 640, 3], of `count` scenes as the demo source draws between garments."""
    random = np.random.default_rng(_SEED)
    for _ in range(count):
        yield scenes.render(scenes.new_scene(random, None, scenes.EMPTY), random)


def milliseconds(answers: Iterable[Answer]) -> float:
    """Median time from pixels to 28x28."""
    return float(np.median([one.preprocess_ns for one in answers])) / 1e6


def _answer(
    folder: str, name: str, pixels: npt.NDArray[np.uint8], recognizer: Recognizer
) -> Answer:
    recognition = recognizer.recognize(pixels)
    assert recognition.picture is not None  # with the threshold off there always is one
    return Answer(
        folder=folder,
        name=name,
        label=recognition.prediction.label,
        found=recognition.mask is not None,
        known=recognition.prediction.known,
        picture=recognition.picture,
        preprocess_ns=recognition.preprocess_ns,
    )
