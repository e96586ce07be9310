"""Measure int8 latency and size of candidate networks, untrained, and write `search.md`.

usage: python -m benchmarks.frontier.search

Latency and size of a network do not depend on its weights, so hundreds can be looked at in the
time that training one takes. All candidates and `seed-3` take turns in one run, each in a process
of its own, on one thread. About five minutes. Recorded in `search.json`;
`python -m benchmarks.frontier` writes the page anew.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.frontier import search_page
from edgefmnist import files
from edgefmnist.bench.measure import measure
from edgefmnist.bench.records import BenchConfig, BenchRow
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.render.progress import Stages
from edgefmnist.runtime.model_file import ModelFile

require_tensorflow()  # first and quietly

import keras  # noqa: E402

from benchmarks.frontier.candidates import everyone  # noqa: E402
from edgefmnist.quantization.convert import convert  # noqa: E402
from edgefmnist.training import recipes  # noqa: E402
from edgefmnist.training.networks import multiply_accumulates  # noqa: E402

_CALIBRATION = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One network. ratio: of its median latency to the base's."""

    name: str
    parameters: int
    size_bytes: int
    macs: int
    p50_us: float
    ratio: float


def main() -> None:
    """Measure and write."""
    images = load("train").images[:_CALIBRATION]
    builders = {candidate.name: candidate.build for candidate in everyone()}
    networks = [(search_page.BASE, recipes.get(search_page.BASE).build), *builders.items()]
    built: dict[str, tuple[int, int]] = {}
    with tempfile.TemporaryDirectory() as folder, Stages() as stages:
        stages.stage("Converting candidates", len(networks))
        models = []
        for done, (name, build) in enumerate(networks, 1):
            keras.utils.set_random_seed(0)
            model = build()
            built[name] = model.count_params(), multiply_accumulates(model)
            path = Path(folder) / f"{name}.tflite"
            path.write_bytes(convert(model, "int8", images))
            models.append(ModelFile(name=name, path=path))
            stages.progress(done, len(networks))
        stages.stage("Measuring", 1)
        config = BenchConfig(models=tuple(models), window_s=0.3, warmup_s=0.2)
        result = measure(config, stages.progress)
    told = {
        "environment": dataclasses.asdict(result.environment),
        "runtime": result.rows[0].runtime,
        "rows": [dataclasses.asdict(_row(row, *built[row.model])) for row in result.rows],
    }
    files.write_text(search_page.RECORDED, json.dumps(told, indent=1) + "\n")
    search_page.write()


def _row(row: BenchRow, parameters: int, macs: int) -> Row:
    return Row(
        name=row.model,
        parameters=parameters,
        size_bytes=row.size_bytes,
        macs=macs,
        p50_us=row.p50_us,
        ratio=row.ratio,
    )


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
