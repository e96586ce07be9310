"""Real photos to train with beside Fashion-MNIST, as the 28x28 that the camera's path made of them.

A file is an .npz with

pictures   uint8 [n, 28, 28], cut out on a ground of exactly 0
photo      int32 [n], which photo a picture is of: there may be several, cut out in different ways
classes    uint16 [photos], bit k set where it may be class k of `records.LABELS`, bit 10 where it
           is none of them; more than one bit where nobody knows which it is
kind       text [photos], what the photo's source calls it
fold       uint8 [photos], for cross-validation: those of one person are in the same fold
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgefmnist import files, npz
from edgefmnist.errors import BadData
from edgefmnist.records import LABELS

_MOST_FILE_BYTES = 64 << 20
_MOST_BYTES = 512 << 20
_NAMES = ("pictures", "photo", "classes", "kind", "fold")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """Labelled pictures of real things.

    pictures: uint8 [n, 28, 28]. photo: int64 [n], index into the others.
    classes: bool [photos, 11], the classes that it may be; column 10 stands for none of the ten.
        Between them there may be columns for classes that Fashion-MNIST does not have.
    kind: text [photos]. fold: uint8 [photos]. sha256: of the files, by name.
    """

    pictures: npt.NDArray[np.uint8]
    photo: npt.NDArray[np.int64]
    classes: npt.NDArray[np.bool_]
    kind: npt.NDArray[np.str_]
    fold: npt.NDArray[np.uint8]
    sha256: dict[str, str]


def load_photos(paths: Iterable[Path]) -> Photos:
    """The pictures of all files together. Raises: BadData."""
    parts, photos = [_read(path) for path in paths], 0
    moved = []
    for part in parts:
        moved.append(part.photo + photos)
        photos += len(part.kind)
    return Photos(
        pictures=np.concatenate([part.pictures for part in parts]),
        photo=np.concatenate(moved),
        classes=np.concatenate([part.classes for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
        fold=np.concatenate([part.fold for part in parts]),
        sha256={name: told for part in parts for name, told in part.sha256.items()},
    )


def _read(path: Path) -> Photos:
    try:
        found = npz.read(path, _NAMES, most_file_bytes=_MOST_FILE_BYTES, most_bytes=_MOST_BYTES)
        pictures, photo, bits, kind, fold = (found[name] for name in _NAMES)
        photos = len(bits)
        if pictures.dtype != np.uint8 or pictures.shape != (len(photo), 28, 28) or not len(photo):
            raise ValueError("pictures are not uint8 [n, 28, 28]")
        if kind.dtype.kind != "U" or kind.shape != (photos,) or fold.shape != (photos,):
            raise ValueError("kind, fold and classes are not of the same photos")
        if not all(values.dtype.kind in "iu" for values in (photo, bits, fold)):
            raise ValueError("photo, classes or fold are not whole numbers")
        if photo.min() < 0 or photo.max() >= photos:
            raise ValueError("a picture is of a photo that is not there")
        if bits.min() < 1 or bits.max() >= 1 << (len(LABELS) + 1):
            raise ValueError(f"classes are not sets of the {len(LABELS)} and none of them")
        classes = (bits.astype(np.int64)[:, None] >> np.arange(len(LABELS) + 1)) & 1
        content = files.read_bytes(path, _MOST_FILE_BYTES)
    except OSError as error:
        raise BadData(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise BadData(f"{path} holds no photos to train with: {error}") from error
    return Photos(
        pictures=pictures,
        photo=photo.astype(np.int64),
        classes=classes.astype(np.bool_),
        kind=kind,
        fold=fold.astype(np.uint8),
        sha256={path.name: hashlib.sha256(content).hexdigest()},
    )
