"""What a bundle remembers of the classes that it was trained on, so that they are not forgotten.

`memory.npz` holds features of a stratified sample of the data set: what the last layer gets of a
picture, one byte for each value. At the same size these are ten times as many as 28x28 pictures
would be, and the layers that make them stay as they are when the last one is fitted again. It also
holds the last layer as it was trained, so that whatever was learned since starts from there.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist import class_names, npz
from edgefmnist.errors import BadModel
from edgefmnist.records import Certainty
from edgefmnist.runtime.last_layer import Features, Layer
from edgefmnist.runtime.model_file import ModelFile

MEMORY = "memory.npz"
_MOST_BYTES = 4 << 20
_FITTED = tuple(field.name for field in dataclasses.fields(Certainty))
_ARRAYS = ("features", "classes", "as_camera", "labels", "weights", "bias", "certainty", "body")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Remembered pictures, n of them, and the last layer that was trained with such.

    features: int8 [n, d] as the body gives them. classes: int16 [n], index of the label; -1 for
        outliers, which are none of them. as_camera: bool [n], whether the picture was changed as a
        camera would show it.
    labels: of the classes. layer: the last layer as trained; certainty: what was fitted to it.
    body_sha256: of the constants that the features depend on (`PartedModel.body_sha256`).
    """

    features: Features
    classes: npt.NDArray[np.int16]
    as_camera: npt.NDArray[np.bool_]
    labels: tuple[str, ...]
    layer: Layer
    certainty: Certainty
    body_sha256: str

    def write(self, path: Path) -> None:
        """Write it to `path`. Raises: OSError."""
        np.savez_compressed(
            path,
            features=self.features,
            classes=self.classes,
            as_camera=self.as_camera,
            labels=np.array(self.labels),
            weights=self.layer.weights,
            bias=self.layer.bias,
            certainty=np.array(dataclasses.astuple(self.certainty), np.float64),
            body=np.array(self.body_sha256),
        )


def read(model: ModelFile, body_sha256: str) -> Memory:
    """What a bundle remembers. body_sha256: of its model.

    Raises: BadModel where it remembers nothing, or what it does is damaged or another model's.
    """
    if model.folder is None:
        raise BadModel(
            f"{model.path} is no bundle and remembers nothing of its classes: name a bundle"
        )
    path = model.folder / MEMORY
    if not path.exists():
        raise BadModel(
            f"{model.folder} has no {MEMORY}, without which its classes would be forgotten: "
            "quantize the model again with edgefmnist quantize, or name a shipped bundle"
        )
    try:
        stored = npz.read(path, _ARRAYS, most_file_bytes=_MOST_BYTES, most_bytes=_MOST_BYTES)
        memory = _checked(stored)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadModel(f"{path} is damaged ({reason}): copy the bundle again") from error
    if memory.body_sha256 != body_sha256:
        raise BadModel(f"{path} is of another model than the one beside it: copy the bundle again")
    return memory


def _checked(stored: dict[str, npt.NDArray[Any]]) -> Memory:
    """The arrays of a file as a `Memory`. Raises: ValueError."""
    features, classes, as_camera = stored["features"], stored["classes"], stored["as_camera"]
    labels = tuple(str(label) for label in stored["labels"].ravel())
    weights, bias, fitted = stored["weights"], stored["bias"], stored["certainty"]
    count, width = len(classes), weights.shape[-1] if weights.ndim == 2 else -1
    expected = {
        "features": (features, np.int8, (count, width)),
        "classes": (classes, np.int16, (count,)),
        "as_camera": (as_camera, np.bool_, (count,)),
        "weights": (weights, np.float32, (len(labels), width)),
        "bias": (bias, np.float32, (len(labels),)),
        "certainty": (fitted, np.float64, (len(_FITTED),)),
    }
    for name, (array, dtype, shape) in expected.items():
        if array.dtype != dtype or array.shape != shape:
            raise ValueError(f"{name} is {array.dtype} {list(array.shape)}")
    if not count or classes.min() < -1 or classes.max() >= len(labels):
        raise ValueError("its classes are not those of its labels")
    if not all(np.isfinite(array).all() for array in (weights, bias, fitted)):
        raise ValueError("it has values that are not finite numbers")
    class_names.check_labels(labels)
    return Memory(
        features=features,
        classes=classes,
        as_camera=as_camera,
        labels=labels,
        layer=Layer(weights=weights, bias=bias),
        certainty=Certainty(**dict(zip(_FITTED, map(float, fitted), strict=True))),
        body_sha256=str(stored["body"]),
    )
