"""All variants of one model side by side, and the release of the one that suits best."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from edgefmnist import evaluate
from edgefmnist.dataset import Samples
from edgefmnist.environment import Conditions
from edgefmnist.errors import GateRefused
from edgefmnist.quantization import convert, gate, paired, selection
from edgefmnist.quantization.gate import Checks
from edgefmnist.quantization.job import Job, open_job
from edgefmnist.quantization.records import (
    SELECTED,
    Comparison,
    Goal,
    QuantizeConfig,
    QuantizeObserver,
    Selection,
    TimeModels,
    Variant,
    VariantRow,
    VariantsResult,
)
from edgefmnist.quantization.release import checked_out, release
from edgefmnist.quantization.source import read_source
from edgefmnist.records import GarmentFrames
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.classifier import Floats
from edgefmnist.runtime.model_file import ModelFile

_SHOWN: tuple[Variant, ...] = ("float32", "float16", "dynamic", "int8", "int16x8")

Models = dict[Variant, ModelFile]


def quantize_all(
    config: QuantizeConfig,
    goal: Goal | None,
    train: Samples,
    test: Samples,
    time_models: TimeModels | None,
    observer: QuantizeObserver,
    frames: GarmentFrames | None = None,
) -> VariantsResult:
    """Convert the model to every variant, compare them, and release the one that suits `goal`.

    The choice is made by what the variants score on the validation pictures and how long they take
    here. The test pictures report, and the chosen one must pass the gate on them too, as every
    bundle must. Without a goal nothing is written.

    config: as for one variant; its own `variant` does not count. time_models: needed for a goal;
    None leaves latencies out.

    Raises: as `quantize`; GateRefused also where no variant passes.
    """
    source = read_source(config.source)
    wanted = (goal, checked_out(config, source, SELECTED)) if goal else None
    job = open_job(source, config, train, frames, observer)
    with tempfile.TemporaryDirectory() as folder:
        models = _convert_all(job, Path(folder), observer)
        logits = _answer_all(models, job.validation, "validation", observer)
        judged = _compare_all(logits, job.validation)
        seen = {variant: gate.form(variant, model) for variant, model in models.items()}
        refused = _refusals(config, judged, seen)
        if wanted and len(refused) == len(models):
            reasons = "; ".join(f"{variant}: {reason}" for variant, reason in refused.items())
            raise GateRefused(f"no variant passes the gate, no bundle was written: {reasons}")
        on_test = _compare_all(_answer_all(models, test, "test", observer), test)
        rows = [
            VariantRow(
                variant=variant,
                size_bytes=models[variant].path.stat().st_size,
                windows_us=(),
                test=on_test[variant],
                validation=judged[variant],
                right=logits[variant].argmax(axis=1) == job.validation.labels,
                refused=refused.get(variant),
            )
            for variant in _SHOWN
        ]
        conditions = None
        if time_models is not None:
            rows, conditions = _time_all(rows, models, goal, time_models, observer)
        chosen = None
        if wanted:
            assert conditions is not None
            best, reason = _choose(rows, wanted[0], conditions)
            card = _release(
                wanted[1], config, job, models[best.variant], test, best, seen, observer
            )
            chosen = Selection(
                goal=wanted[0], variant=best.variant, reason=reason, card=card, out=wanted[1]
            )
    return VariantsResult(
        name=source.name,
        rows=tuple(rows),
        max_drop_pp=config.max_drop_pp,
        calibration_count=len(job.calibration.images),
        calibration_origin=job.calibration.origin,
        frames=frames,
        conditions=conditions,
        runtime=interpreter.provider()[1],
        selection=chosen,
    )


def _time_all(
    rows: list[VariantRow],
    models: Models,
    goal: Goal | None,
    time_models: TimeModels,
    observer: QuantizeObserver,
) -> tuple[list[VariantRow], Conditions]:
    """`rows` with their latencies; for `fastest` measured until it is clear which that is."""
    contenders = rows
    for look in range(selection.LOOKS if goal == "fastest" else 1):
        names = ", ".join(row.variant for row in contenders)
        observer.stage(
            f"Timing {names} again, too close to call"
            if look
            else "Timing all variants, a minute or more"
        )
        timed = time_models([models[row.variant] for row in contenders], observer.progress)
        more = dict(zip((row.variant for row in contenders), timed.windows_us, strict=True))
        rows = [
            dataclasses.replace(row, windows_us=row.windows_us + more.get(row.variant, ()))
            for row in rows
        ]
        contenders = selection.undecided(rows)
        if not contenders:
            break
    return rows, timed.conditions


def _choose(rows: list[VariantRow], goal: Goal, conditions: Conditions) -> tuple[VariantRow, str]:
    try:
        return selection.choose(rows, goal)
    except GateRefused as error:
        problems = [one for one in conditions.judgements if one.level == "problem"]
        why = "; ".join(one.what for one in problems) or "the times differ from round to round"
        raise GateRefused(
            f"{error}: {why}. Measure on an idle machine, or name one with --variant"
        ) from error


def _convert_all(job: Job, folder: Path, observer: QuantizeObserver) -> Models:
    """Every variant as a file in `folder`, by way of one SavedModel."""
    models = {v: ModelFile(name=v, path=folder / f"{v}.tflite") for v in _SHOWN}
    observer.stage("Converting to all variants", len(models))
    with convert.saved_model(job.model) as saved:
        for done, (variant, model) in enumerate(models.items(), 1):
            converted = convert.convert_saved(saved, variant, job.calibration.images)
            model.path.write_bytes(converted)
            observer.progress(done, len(models))
    return models


def _answer_all(
    models: Models, samples: Samples, what: str, observer: QuantizeObserver
) -> dict[Variant, Floats]:
    """Logits [n, 10] of each of `models` for `samples`."""
    answers: dict[Variant, Floats] = {}
    total = len(models) * len(samples.labels)
    observer.stage(f"Evaluating all variants on {what} pictures", total)

    def on_progress(done: int, count: int) -> None:
        observer.progress(len(answers) * count + done, total)

    for variant, model in models.items():
        answers[variant] = evaluate.logits(model, samples.images, on_progress)
    return answers


def _compare_all(answers: dict[Variant, Floats], samples: Samples) -> dict[Variant, Comparison]:
    reference = answers["float32"]
    return {
        variant: paired.compare(reference, given, samples.labels)
        for variant, given in answers.items()
    }


def _refusals(
    config: QuantizeConfig, judged: dict[Variant, Comparison], seen: dict[Variant, Checks]
) -> dict[Variant, str]:
    """What the gate has against variants, of those that it refuses."""
    refused: dict[Variant, str] = {}
    for variant, comparison in judged.items():
        checks = (*seen[variant], *gate.measured(config, comparison))
        failed = [
            f"{check.name} {str(check).replace(check.relation, 'is not ' + check.relation)}"
            for check in checks
            if not check.passed
        ]
        if failed:
            refused[variant] = ", ".join(failed)
    return refused


def _release(
    out: Path,
    config: QuantizeConfig,
    job: Job,
    model: ModelFile,
    test: Samples,
    best: VariantRow,
    seen: dict[Variant, Checks],
    observer: QuantizeObserver,
) -> BundleCard:
    wanted = dataclasses.replace(config, variant=best.variant)
    try:
        checks = gate.check(wanted, best.test, seen[best.variant])
    except GateRefused as error:
        raise GateRefused(
            f"chosen on the validation pictures, on the test pictures {error}"
        ) from error
    checks = (job.input_scaling, *checks)
    return release(out, job, best.variant, model, test, best.test, checks, observer)
