"""Golden vectors: inputs with the exact outputs a model gave when it was released.

The same kernels give the same integers, so there every vector must be equal to the last bit: where
package and delegate are those of the release. LiteRT's XNNPACK kernels gave the same integers in
its versions 2.1.0 and 2.3.0, and on x86-64 and aarch64.

Other kernels round otherwise, each operator by up to a step, which adds up through the layers. Over
the 10,000 test pictures the built-in kernels of tflite-runtime 2.14.0 and XNNPACK of LiteRT 2.3.0
differed by at most 7 (`tiny`), 8 (`edge`) and 10 (`accurate`) output steps, on average by less than
one, and 66 of the 30,000 answers changed, all between two classes that were at most 5 steps apart.
Hence the bounds here: `STEPS`, and the same answer but for a tie of `TIE_STEPS`.

Sums of floats depend on the kernels' order and the processor: float outputs are compared within a
part of their size whatever the runtime.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist import npz
from edgefmnist.errors import BadModel
from edgefmnist.runtime import bundle
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile

PER_CLASS = 5
_MOST_BYTES = 4 << 20
"""5,000 vectors: a hundred times what a bundle has."""
STEPS = 12
"""Most steps of an integer output that another runtime's kernels may differ by."""
TIE_STEPS = 6
"""Two classes so near in the golden output may change places under other kernels."""
FLOAT_PART = 1e-3
"""Most that a float output may differ, as a part of the vector's largest; a hundred times what
LiteRT and tflite-runtime differed by."""
DYNAMIC_PART = STEPS / 255
"""The same of a dynamic-range model, which rounds to 8 bits on the way: as many steps as above. Not
measured, as tflite-runtime 2.14.0 does not load these models."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A golden vector that came out otherwise than is allowed.

    index: its place, from 0. label: the class it had, found_label: the class it has here.
    output: the class whose output is farthest off. expected, found: that output, as the model gives
    it. distance: between them, in the replay's unit.
    """

    index: int
    label: str
    found_label: str
    output: str
    expected: float
    found: float
    distance: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How a device reproduced a bundle's golden vectors.

    exact: vectors whose outputs are all equal to the last bit.
    same_label: vectors with the same best class.
    largest_step: greatest difference of one output, in `unit`.
    unit: "steps" of the output's scale, or "of the largest output" for a float model.
    bound: most that one output may differ; 0 where bit for bit is asked for.
    runtime, delegate: those used here; made_with, made_with_delegate: those of the release, the
        latter None where the record does not tell.
    mismatches: every vector that fails.
    """

    model: str
    total: int
    exact: int
    same_label: int
    largest_step: float
    unit: str
    bound: float
    runtime: str
    delegate: str
    made_with: str
    made_with_delegate: str | None
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Every vector equal, or near enough where other kernels computed it."""
        return not self.mismatches


def write(path: Path, classifier: Classifier, images: npt.NDArray[np.uint8]) -> None:
    """Run `images` (uint8 [n, 28, 28]) one at a time and keep inputs and outputs in `path`."""
    np.savez_compressed(path, images=images, outputs=classifier.raw(images))


def read(model: ModelFile) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """A bundle's golden inputs, uint8 [n, 28, 28], and outputs [n, classes] in its model's dtype.

    Raises: BadModel when the model is no bundle or its vectors are missing or damaged.
    """
    if model.folder is None:
        raise BadModel(f"{model.path} has no golden vectors: only a bundle has them")
    path = model.folder / bundle.GOLDEN
    try:
        stored = npz.read(
            path, ("images", "outputs"), most_file_bytes=_MOST_BYTES, most_bytes=_MOST_BYTES
        )
        images, expected = stored["images"], stored["outputs"]
        if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or not len(images):
            raise ValueError("no uint8 pictures of 28x28")
        if expected.shape != (len(images), len(model.labels)) or expected.dtype.kind not in "iuf":
            raise ValueError(f"{expected.dtype} outputs of shape {expected.shape}")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadModel(f"{path} is missing or damaged ({reason}): copy the bundle again") from error
    return images, expected


def tied(
    outputs: npt.NDArray[Any], within: float | npt.NDArray[Any] = TIE_STEPS
) -> npt.NDArray[np.bool_]:
    """In which of outputs [n, classes] the best two classes may change places under other kernels.

    within: their distance at most, in the outputs' unit, one number or [n].
    """
    ordered = np.sort(outputs.astype(np.float64), axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] <= within)


def replay(classifier: Classifier, most: int | None = None) -> Replay:
    """Run a bundle's golden inputs, at most the first `most`, and compare the outputs.

    Raises: BadModel when the model is no bundle or its vectors are missing or damaged.
    """
    model = classifier.model
    images, expected = (stored[:most] for stored in read(model))
    assert model.card is not None
    found = classifier.raw(images)
    if found.dtype != expected.dtype:
        raise BadModel(
            f"{model.path.with_name(bundle.GOLDEN)} holds {expected.dtype} outputs, "
            f"the model gives {found.dtype}"
        )
    before, now = expected.astype(np.float64), found.astype(np.float64)
    distance, integer = np.abs(now - before), expected.dtype.kind in "iu"
    if not integer:
        distance /= np.maximum(np.abs(before).max(axis=1, keepdims=True), 1e-9)
    bound = _bound(model.card, classifier, integer)
    failed = ~(distance.max(axis=1) <= bound)  # a value that is no number fails
    tie = TIE_STEPS if integer else bound * np.abs(before).max(axis=1)
    failed |= ~tied(before, tie) & (before.argmax(axis=1) != now.argmax(axis=1))
    return Replay(
        model=model.name,
        total=len(images),
        exact=int((found == expected).all(axis=1).sum()),
        same_label=int((found.argmax(axis=1) == expected.argmax(axis=1)).sum()),
        largest_step=float(distance.max()),
        unit="steps" if integer else "of the largest output",
        bound=bound,
        runtime=classifier.runtime,
        delegate=classifier.delegate,
        made_with=model.card.runtime,
        made_with_delegate=model.card.delegate,
        mismatches=tuple(
            _mismatch(int(at), before[at], now[at], distance[at], model.labels)
            for at in np.flatnonzero(failed)
        ),
    )


def _bound(card: BundleCard, classifier: Classifier, integer: bool) -> float:
    if not integer:
        return DYNAMIC_PART if card.variant == "dynamic" else FLOAT_PART
    package, here = card.runtime.partition(" ")[0], classifier.runtime.partition(" ")[0]
    # A record that does not name its delegate was made by the delegate that its package takes.
    same = package == here and card.delegate in (None, classifier.delegate)
    # Layers left in float are sums of floats, rounded afterwards.
    return 0 if same and not card.keep_float else STEPS


def _mismatch(
    index: int,
    expected: npt.NDArray[np.float64],
    found: npt.NDArray[np.float64],
    distance: npt.NDArray[np.float64],
    labels: tuple[str, ...],
) -> Mismatch:
    output = int(np.nan_to_num(distance, nan=np.inf).argmax())
    return Mismatch(
        index=index,
        label=labels[int(expected.argmax())],
        found_label=labels[int(found.argmax())],
        output=labels[output],
        expected=float(expected[output]),
        found=float(found[output]),
        distance=float(distance[output]),
    )
