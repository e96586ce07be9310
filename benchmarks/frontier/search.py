"""Measure int8 latency and size of candidate networks, untrained, and write `search.md`.

usage: python -m benchmarks.frontier.search

Latency and size of a network do not depend on its weights, so hundreds can be looked at in the
time that training one takes. All candidates and `seed-3` take turns in one run, each in a process
of its own, on one thread. About five minutes.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullFormatter

from edgefmnist import files
from edgefmnist.bench.measure import measure
from edgefmnist.bench.records import BenchConfig, BenchRow
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.render.progress import Stages
from edgefmnist.runtime.models import ModelFile

require_tensorflow()  # first and quietly

import keras  # noqa: E402

from benchmarks.frontier.candidates import CANDIDATES, TRIALS  # noqa: E402
from edgefmnist.quantization.convert import convert  # noqa: E402
from edgefmnist.training import recipes  # noqa: E402
from edgefmnist.training.networks import multiply_accumulates  # noqa: E402

_HERE = Path(__file__).parent
_PICTURES = _HERE.parent / "pictures"
_BASE = "seed-3"
_CALIBRATION = 100

_PAGE = """\
# Candidate networks: int8 latency, measured

Made by `python -m benchmarks.frontier.search` with {runtime} on {cpu}: one thread, networks taking
turns in one run, ratios to `seed-3` int8. The networks are untrained; latency does not depend on
the weights. On another CPU the ratios differ: measure there with `edgefmnist bench`.

![latency over multiply-accumulates](../pictures/search.png)

{findings}

{table}

A name says the block, the stem, the widths of the stages and how many blocks of each. The first
stage is at 28x28 behind a stem of that name, at 14x14 behind others; each next one is half as wide.
"""

_FINDINGS = """\
- **Multiply-accumulates mislead.** Depthwise and inverted blocks do the least work and take the
  most time for it, about twice that of 3x3 convolutions. MobileNet's blocks do not pay here.
- **Thin layers are slow**: a multiply-accumulate of `16-32` costs about twice that of `64-128`.
- **Stems**: a layer at 28x28 makes the whole network 15 % slower. A strided 3x3 and space-to-depth
  cost the same, so the simpler one is taken. ReLU6 saves nothing.
- **Two stages or three**: parameters sit in the last stage. At 174,000 parameters two stages do two
  and a half times the computation of three, in nearly twice the time."""


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
    """Measure, then write `search.json`, the page and its plot."""
    images = load("train").images[:_CALIBRATION]
    tried = (candidate for _, those in TRIALS.values() for candidate in those)
    builders = {candidate.name: candidate.build for candidate in (*CANDIDATES, *tried)}
    networks = [(_BASE, recipes.get(_BASE).build), *builders.items()]
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
    rows = [_row(row, *built[row.model]) for row in result.rows]
    told = {
        "environment": dataclasses.asdict(result.environment),
        "runtime": result.rows[0].runtime,
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    files.write_text(_HERE / "search.json", json.dumps(told, indent=1) + "\n")
    _write_page(told, rows)


def _row(row: BenchRow, parameters: int, macs: int) -> Row:
    return Row(
        name=row.model,
        parameters=parameters,
        size_bytes=row.size_bytes,
        macs=macs,
        p50_us=row.p50_us,
        ratio=row.ratio,
    )


def _write_page(told: dict[str, Any], rows: list[Row]) -> None:
    lines = [
        "| network | parameters | KiB | M MACs | p50 us | ratio |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.parameters:,} | {row.size_bytes / 1024:.0f} | {row.macs / 1e6:.1f} "
        f"| {row.p50_us:.0f} | {row.ratio:.2f} |"
        for row in sorted(rows, key=lambda row: row.ratio)
    ]
    text = _PAGE.format(
        runtime=told["runtime"],
        cpu=told["environment"]["cpu"],
        findings=_FINDINGS,
        table="\n".join(lines),
    )
    files.write_text(_HERE / "search.md", text)
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    for kind in ("residual", "plain", "depthwise", "inverted", _BASE):
        those = [row for row in rows if row.name.startswith(kind)]
        axes.plot([r.macs / 1e6 for r in those], [r.ratio for r in those], "o", label=kind)
    for scale, axis, ticks in (
        (axes.set_xscale, axes.xaxis, (1, 2, 5, 10, 20, 50)),
        (axes.set_yscale, axes.yaxis, (0.2, 0.5, 1, 2, 5)),
    ):
        scale("log")
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FormatStrFormatter("%g"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("million multiply-accumulates")
    axes.set_ylabel("int8 latency, times that of seed-3")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    with files.replacing(_PICTURES / "search.png") as scratch:
        figure.savefig(scratch, dpi=90)


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
