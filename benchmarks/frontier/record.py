"""Record what bundles score and how long they take, for `python -m benchmarks.frontier`.

usage: python -m benchmarks.frontier.record BASE BUNDLE... [--photos PHOTOS] [--replace]

BASE is the bundle that latencies are held against, of `seed-3`; all take turns in one run on one
thread. PHOTOS is the folder that `python -m benchmarks.photos` takes. Writes `recorded.json`.

With --replace, BASE is a network that is recorded already: of the same recipe, for however few
epochs, since latency does not depend on the weights. The others are measured against it in one run,
and its recorded ratio turns that into theirs; what is recorded of all else stays.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import cv2

from benchmarks.photos import measure as photo_measure
from benchmarks.photos.score import macro, score
from edgefmnist import files
from edgefmnist.bench.measure import measure
from edgefmnist.bench.records import BenchConfig, BenchRow
from edgefmnist.camera.recognizer import open_recognizer
from edgefmnist.cli import reporting_errors
from edgefmnist.errors import BadModel, UsageError
from edgefmnist.render.progress import Stages
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve

RECORDED = Path(__file__).parent / "recorded.json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bundle. Accuracies, agreement and photo scores 0..1.

    strict, lenient: on all photos with the unknown threshold off, macro averages over kinds of
    garment; None where no photos were at hand.
    """

    name: str
    accuracy: float
    float_accuracy: float
    drop_pp: float
    agreement: float
    seeds: dict[str, float]
    size_bytes: int
    parameters: int
    ratio: float
    measured: str
    training_minutes: float
    strict: float | None
    lenient: float | None


def record(options: argparse.Namespace) -> None:
    """Measure and write.

    Raises: BadModel, UsageError (`--replace` with a base that is not recorded).
    """
    models = tuple(resolve(spec) for spec in options.bundles)
    kept = json.loads(RECORDED.read_text(encoding="utf-8")) if options.replace else []
    base = recorded_row(kept, models[0]) if options.replace else None
    with Stages() as stages:
        stages.stage("Measuring")
        result = measure(BenchConfig(models=models), stages.progress)
        machine, runtime = result.environment, result.rows[0].runtime
        where = machine.board or machine.cpu
        measured = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {where}, {runtime}"
        timed = list(zip(models, result.rows, strict=True))
        rows = [
            dataclasses.asdict(_row(model, row, measured, options.photos, stages))
            for model, row in (timed[1:] if base else timed)
        ]
    if base is not None:
        rows = merged(kept, base, rows)
    files.write_text(RECORDED, json.dumps(rows, indent=1) + "\n")


def merged(
    kept: list[dict[str, Any]], base: dict[str, Any], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The recorded rows with those of a later run, whose ratios are to `base`, in their places."""
    anew = {row["name"]: row | {"ratio": round(row["ratio"] * base["ratio"], 3)} for row in rows}
    return [anew.pop(row["name"], row) for row in kept] + list(anew.values())


def recorded_row(rows: list[dict[str, Any]], base: ModelFile) -> dict[str, Any]:
    """The recorded row of `base`.

    Raises: UsageError where there is none, or one of another number of parameters.
    """
    for row in rows:
        if row["name"] == base.name:
            if base.card is None or base.card.parameters != row["parameters"]:
                raise UsageError(
                    f"--replace: {base.path} is not of the network that is recorded as "
                    f"{base.name}: name a bundle of that recipe"
                )
            return row
    names = ", ".join(row["name"] for row in rows)
    raise UsageError(f"--replace: {base.name} is not in {RECORDED.name} (recorded: {names})")


def _row(
    model: ModelFile, timed: BenchRow, measured: str, photos: Path | None, stages: Stages
) -> Row:
    card = model.card
    if card is None or card.training_seconds is None:
        raise BadModel(f"{model.name} is no bundle of a training: quantize a run of `train`")
    strict, lenient = _photo_scores(model, photos, stages) if photos else (None, None)
    return Row(
        name=card.name,
        accuracy=card.quantized_accuracy,
        float_accuracy=card.float_accuracy,
        drop_pp=card.drop_pp,
        agreement=card.agreement,
        seeds={str(card.seed): card.float_accuracy} | card.other_seeds,
        size_bytes=card.size_bytes,
        parameters=card.parameters,
        ratio=timed.ratio,
        measured=measured,
        training_minutes=round(card.training_seconds / 60, 1),
        strict=strict,
        lenient=lenient,
    )


def _photo_scores(model: ModelFile, root: Path, stages: Stages) -> tuple[float, float]:
    stages.stage(f"Answering photos with {model.name}")
    photos = photo_measure.read_photos(root, lambda *_: None)
    always = open_recognizer(model, unknown_threshold="off")
    one = score(photo_measure.answer_photos(photos, always, stages.progress), None)
    return round(macro(one.strict), 4), round(macro(one.lenient), 4)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Record scores and latency of bundles.")
    parser.add_argument("bundles", nargs="+", help="the base's first")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--replace", action="store_true", help="keep all else that is recorded")
    cv2.setNumThreads(1)
    record(parser.parse_args())


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
