"""A learned `Background` as a file: one compressed .npz that holds arrays only, never pickles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist import npz
from edgefmnist.errors import BadInput
from edgefmnist.files import replacing
from edgefmnist.preprocess.background import Background, work_size

SCHEMA = "edgefmnist-background"
VERSION = 1

_FIELDS = ("schema", "version", "frame_size", "mean", "variance")
_MOST_BYTES = 3_000_000  # ten times what the arrays take


def save(background: Background, path: Path) -> None:
    """Write what was learned under exactly this name. Raises: CannotWrite."""
    with replacing(path) as scratch, scratch.open("wb") as file:
        np.savez_compressed(
            file,
            schema=np.array(SCHEMA),
            version=np.array(VERSION),
            frame_size=np.array(background.frame_size, np.int32),
            mean=background.mean,
            variance=background.variance,
        )


def load(path: Path) -> Background:
    """Read a background back.

    Raises: BadInput where there is none, or the file is damaged, of another kind or version.
    """
    if not path.exists():
        raise BadInput(f"no background at {path}: learn one first, with --learn-background")
    if not path.is_file():
        raise BadInput(f"the background {path} is no file: name the one that was learned")
    try:
        fields = npz.read(path, _FIELDS, most_file_bytes=_MOST_BYTES, most_bytes=_MOST_BYTES)
        if str(fields["schema"]) != SCHEMA:
            raise ValueError("another kind of file")
        version = fields["version"].item()
        if version == VERSION:
            return _checked(fields)
    except OSError as error:
        raise BadInput(
            f"cannot read the background {path}: {error.strerror}; learn it again with "
            "--learn-background"
        ) from error
    except Exception as error:  # what NumPy makes of values of another kind
        raise _unusable(path) from error
    raise BadInput(
        f"the background {path} has version {version} and this program reads {VERSION}: "
        "learn it again with --learn-background"
    )


def _unusable(path: Path) -> BadInput:
    return BadInput(
        f"{path} is damaged or no learned background: learn it again with --learn-background"
    )


def _checked(fields: dict[str, Any]) -> Background:
    """Raises: ValueError where a value is not what `Background` takes."""
    mean, variance = fields["mean"], fields["variance"]
    if fields["frame_size"].dtype.kind != "i":
        raise ValueError("frame size")
    width, height = (int(side) for side in fields["frame_size"])
    if not (0 < width <= 1 << 15 and 0 < height <= 1 << 15):
        raise ValueError("frame size")
    work_width, work_height = work_size((width, height))
    if mean.shape != (work_height, work_width, 3) or variance.shape != mean.shape[:2]:
        raise ValueError("shapes")
    if mean.dtype != np.float32 or variance.dtype != np.float32:
        raise ValueError("types")
    for plane in (mean, variance):
        if not (np.isfinite(plane).all() and plane.min() >= 0):
            raise ValueError("values")
    if mean.max() > 255 or variance.max() > 255**2:
        raise ValueError("values")
    # OpenCV blends frames into them where they lie, row by row.
    return Background(np.ascontiguousarray(mean), np.ascontiguousarray(variance), (width, height))
