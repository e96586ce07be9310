"""What a camera found in a frame that it kept, in the record beside the photo.

A camera that knows its background finds what a look at the photo does not. Whoever shows the
frame, or learns from it, takes what the camera saw: it is what it will see again.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist import files
from edgefmnist.camera.pictures.saved_names import MOST_RECORD_BYTES
from edgefmnist.preprocess import PREPROCESS_ID

_SIDE = 28
_MOST_OUTLINES = 50
_POINTS = re.compile(r"[0-9]{1,5},[0-9]{1,5}(?: [0-9]{1,5},[0-9]{1,5}){0,1999}", re.ASCII)
_SMOOTHING = 1 / 400  # of the width: what a small picture does not show
_MOST_PHOTO_BYTES = 1 << 28


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The garment in a photo.

    picture: uint8 [28, 28], what the model saw; None where no garment was found. outlines: of the
    mask, int32 [points, 2], (x, y) in the photo; none without a garment.
    """

    picture: npt.NDArray[np.uint8] | None
    outlines: tuple[npt.NDArray[np.int32], ...]


def outlines_of(mask: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], ...]:
    """The outer outlines of a mask, uint8 [height, width], without what is finer than a line."""
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    smoothing = mask.shape[1] * _SMOOTHING
    smooth = (cv2.approxPolyDP(one, smoothing, True)[:, 0] for one in found)
    return tuple(np.asarray(one, np.int32) for one in smooth)[:_MOST_OUTLINES]


def finding_fields(
    picture: npt.NDArray[np.uint8] | None, mask: npt.NDArray[np.uint8] | None, photo: bytes
) -> dict[str, Any]:
    """The fields of a record that `read_finding` reads. photo: the file they are beside.

    An outline is written as SVG has the points of a polygon (SVG 2, section 10.6): ``"x,y x,y"``.
    """
    return {
        "preprocess": PREPROCESS_ID,
        "photo_sha256": hashlib.sha256(photo).hexdigest(),
        "picture": None if picture is None else base64.b64encode(picture.tobytes()).decode(),
        "outlines": [] if mask is None else [_points(one) for one in outlines_of(mask)],
    }


def read_finding(photo: Path) -> Finding | None:
    """What the record beside `photo` says was found.

    None where it says nothing, or not of this photo (somebody may have cropped it since), or where
    it was found in another way than pictures are prepared now.
    """
    try:
        fields = files.read_json(photo.with_suffix(".json"), MOST_RECORD_BYTES)
        if not isinstance(fields, dict) or fields.get("preprocess") != PREPROCESS_ID:
            return None
        content = files.read_bytes(photo, _MOST_PHOTO_BYTES)
        if fields.get("photo_sha256") != hashlib.sha256(content).hexdigest():
            return None
        return Finding(
            picture=_picture(fields.get("picture")), outlines=_outlines(fields.get("outlines"))
        )
    except (OSError, ValueError):
        return None


def _picture(told: object) -> npt.NDArray[np.uint8] | None:
    """Raises: ValueError."""
    if told is None:
        return None
    if not isinstance(told, str):
        raise ValueError("no picture")
    try:
        levels = np.frombuffer(base64.b64decode(told, validate=True), np.uint8)
    except binascii.Error as error:
        raise ValueError("no picture") from error
    return levels.reshape(_SIDE, _SIDE)


def _points(outline: npt.NDArray[np.int32]) -> str:
    return " ".join(f"{x},{y}" for x, y in outline)


def _outlines(told: object) -> tuple[npt.NDArray[np.int32], ...]:
    """Raises: ValueError."""
    if not isinstance(told, list) or len(told) > _MOST_OUTLINES:
        raise ValueError("no outlines")
    outlines = []
    for one in told:
        if not isinstance(one, str) or not _POINTS.fullmatch(one):
            raise ValueError("no outline")
        outlines.append(np.array(re.findall("[0-9]+", one), np.int32).reshape(-1, 2))
    return tuple(outlines)
