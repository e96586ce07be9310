"""From a bundle to sources for firmware: run, compare, write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist import files
from edgefmnist.errors import BadModel, GateRefused
from edgefmnist.export import micro, readme, source
from edgefmnist.export.records import ExportConfig, ExportResult, Golden, MicroCheck
from edgefmnist.runtime import golden, structure
from edgefmnist.runtime.classifier import Classifier

RECORD = "export.json"

RELEASED_BOUND_STEPS = 10
"""Most that reference kernels may be away from the golden outputs, which faster kernels made. On
1,000 validation pictures (500 for `accurate`) LiteRT's XNNPACK kernels were up to 5 steps away."""

MICRO_BOUND_STEPS = 2
"""Most that TensorFlow Lite Micro may be away from LiteRT's reference kernels. Both compute alike
but for the rounding of a few operators: up to 1 step on the same pictures. A class can then change
only where the two best are less than twice the bound apart, so classes need no bound of their own.
"""


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
    classifier = Classifier(model, reference=True)
    expected, inputs = classifier.raw(images), classifier.encode(images)
    away = _steps(expected, released)
    if away > RELEASED_BOUND_STEPS:
        raise GateRefused(
            f"the golden vectors of {model.name} do not hold: LiteRT's reference kernels are up to "
            f"{away} steps away ({RELEASED_BOUND_STEPS} allowed); copy the bundle again"
        )
    ran = micro.run(model.path, inputs)
    check = None
    if ran is not None:
        check = _check(ran, expected)
        expected = ran.outputs
    result = ExportResult(
        model=model,
        sha256=model.card.sha256,
        prefix=prefix,
        structure=built_of,
        golden=Golden(
            vectors=len(images),
            made_with=check.runtime if check else classifier.runtime,
            tolerance_steps=0 if check else MICRO_BOUND_STEPS,
            same_label=int((expected.argmax(axis=1) == released.argmax(axis=1)).sum()),
            largest_step=_steps(expected, released),
        ),
        check=check,
        flash_bytes={
            "model": model.path.stat().st_size,
            "golden": inputs.nbytes + expected.nbytes,
        },
        out=out,
    )
    _write(result, inputs, expected)
    return result


def _check(ran: micro.MicroRun, reference: npt.NDArray[np.int8]) -> MicroCheck:
    away = _steps(ran.outputs, reference)
    if away > MICRO_BOUND_STEPS:
        raise GateRefused(
            f"TensorFlow Lite Micro ({ran.runtime}) answers up to {away} steps away from LiteRT's "
            f"reference kernels ({MICRO_BOUND_STEPS} allowed); nothing was written"
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
            result.model.path.read_bytes(),
            card,
            result.structure,
            checked.arena_bytes if checked else None,
        ),
        **source.labels(result.prefix),
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
    texts[RECORD] = json.dumps(record, indent=1) + "\n"
    with files.replacing_folder(result.out) as scratch:
        for name, text in texts.items():
            (scratch / name).write_text(text, encoding="utf-8")


def _is_export(folder: Path) -> bool:
    """Whether an export is all that `folder` holds: one's own firmware may stand beside it."""
    try:
        named = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {file.name for file in folder.iterdir()} <= set(named)
    except (OSError, ValueError, KeyError, TypeError):
        return False
