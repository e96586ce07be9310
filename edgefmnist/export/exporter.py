"""From a bundle to sources for firmware: run, compare, write."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist import files, folders, json_text
from edgefmnist.errors import BadModel, GateRefused
from edgefmnist.export import micro, readme, source, structure
from edgefmnist.export.records import ExportConfig, ExportResult, Golden, MicroCheck
from edgefmnist.runtime import golden, probe
from edgefmnist.runtime.classifier import Classifier

RECORD = "export.json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far outputs may be apart, in steps of their scale, before something is wrong.

    micro: TensorFlow Lite Micro from LiteRT's reference kernels, which round alike but for a few
        operators. released: these from the golden outputs, which faster kernels (XNNPACK) made.

    Twice the largest difference seen on 1,000 validation pictures. A class can change only where
    the two best are less than two bounds apart, so classes need no bound of their own.
    """

    micro: int
    released: int


LOGITS = Bounds(micro=2, released=14)
"""Seen: 1 and 7 (`tiny`, `edge`, `accurate`)."""
PROBABILITIES = Bounds(micro=12, released=22)
"""Seen: 6 and 11 (`seed-1` after an epoch). A softmax is steep where two classes are near."""


def export(config: ExportConfig) -> ExportResult:
    """Write a bundle's int8 model, labels and golden vectors as C sources.

    Raises: BadModel when the model is no full-integer int8 bundle or TensorFlow Lite Micro cannot
    run it; GateRefused when an output is beyond its bound; UsageError, CannotWrite. Nothing is
    written in any of these cases.
    """
    model = config.model
    images, released = golden.read(model)
    assert model.card is not None
    built_of = structure.read_int8(model)
    if released.dtype != np.int8:
        raise BadModel(f"{model.folder} holds {released.dtype} golden outputs: copy it again")
    prefix = source.prefix_of(model.name)
    default = Path(f"{prefix.removeprefix('edgefmnist_')}-c-array")
    out = files.output_folder(config.out or default, "an export", _is_export)
    probe.check(model, reference=True)  # other kernels than the bundle was proven with
    classifier = Classifier(model, reference=True)
    inputs = classifier.encode(images)
    bounds = PROBABILITIES if built_of.ends_in_softmax else LOGITS
    expected = _reference_outputs(classifier, images, released, bounds)
    ran = micro.run(model.path, inputs)
    check = None
    if ran is not None:
        check = _check(ran, expected, bounds)
        expected = ran.outputs
    result = ExportResult(
        model=model,
        sha256=model.card.sha256,
        prefix=prefix,
        structure=built_of,
        golden=Golden(
            vectors=len(images),
            made_with=check.runtime if check else classifier.runtime,
            tolerance_steps=0 if check else bounds.micro,
            same_label=int((expected.argmax(axis=1) == released.argmax(axis=1)).sum()),
            largest_step=_steps(expected, released),
        ),
        check=check,
        flash_bytes={"model": classifier.size_bytes, "golden": inputs.nbytes + expected.nbytes},
        out=out,
    )
    _write(result, inputs, expected)
    return result


def _reference_outputs(
    classifier: Classifier,
    images: npt.NDArray[np.uint8],
    released: npt.NDArray[np.int8],
    bounds: Bounds,
) -> npt.NDArray[np.int8]:
    outputs = classifier.raw(images)
    away = _steps(outputs, released)
    if away > bounds.released:
        raise GateRefused(
            f"the golden vectors of {classifier.model.name} do not hold: LiteRT's reference "
            f"kernels are up to {away} steps off ({bounds.released} allowed); copy the bundle again"
        )
    return outputs


def _check(ran: micro.MicroRun, reference: npt.NDArray[np.int8], bounds: Bounds) -> MicroCheck:
    away = _steps(ran.outputs, reference)
    if away > bounds.micro:
        raise GateRefused(
            f"TensorFlow Lite Micro ({ran.runtime}) answers up to {away} steps away from LiteRT's "
            f"reference kernels ({bounds.micro} allowed); nothing was written"
        )
    return MicroCheck(runtime=ran.runtime, arena_bytes=ran.arena_bytes, largest_step=away)


def _steps(one: npt.NDArray[np.int8], other: npt.NDArray[np.int8]) -> int:
    """Greatest difference of two sets of outputs, in steps of their scale."""
    return int(np.abs(one.astype(np.int32) - other).max())


def _write(
    result: ExportResult, inputs: npt.NDArray[np.int8], expected: npt.NDArray[np.int8]
) -> None:
    card, checked = result.model.card, result.check
    assert card is not None
    texts = {
        **source.model(
            result.prefix,
            result.model.read(),
            card,
            result.structure,
            checked.arena_bytes if checked else None,
        ),
        **source.labels(result.prefix, card.labels),
        **source.golden(
            result.prefix,
            inputs,
            expected,
            result.golden.tolerance_steps,
            result.golden.made_with,
        ),
        "README.md": readme.text(result),
    }
    record: dict[str, Any] = result.record() | {"files": [*texts, RECORD]}
    texts[RECORD] = json_text.dumps(record, indent=1) + "\n"
    with folders.replacing_folder(result.out) as scratch:
        for name, text in texts.items():
            (scratch / name).write_text(text, encoding="utf-8")


def _is_export(folder: Path) -> bool:
    """Whether an export is all that `folder` holds: one's own firmware may stand beside it."""
    try:
        named = files.read_json(folder / RECORD)["files"]
        return {file.name for file in folder.iterdir()} <= set(named)
    except (OSError, ValueError, KeyError, TypeError):
        return False
