"""Latencies as a table, a plot and JSON."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

from rich.table import Table

from edgefmnist import files
from edgefmnist.bench.records import BenchResult, BenchRow
from edgefmnist.camera.stages import Stage, Stages
from edgefmnist.environment import Environment
from edgefmnist.errors import MissingDependency, UsageError
from edgefmnist.frameworks import INSTALL
from edgefmnist.render.console import print_json, results

_STAGES = ("capture", "preprocess", "infer", "track", "total")


def show(result: BenchResult, stages: Stages | None = None) -> None:
    """Print one row for each model and thread count, the camera path's stages, the machine."""
    table = Table(title="Latency of one picture, in microseconds", title_justify="left")
    table.add_column("model (input)")
    for head in ("threads", "p50", "p95", "p99", "ratio", "KiB", "peak MiB"):
        table.add_column(head, justify="right")
    for row in result.rows:
        table.add_row(
            f"{row.model} ({row.input_dtype})",
            str(row.threads),
            *(f"{value:,.0f}" for value in (row.p50_us, row.p95_us, row.p99_us)),
            f"{row.ratio:.2f}",
            f"{row.size_bytes / 1024:,.0f}",
            f"{row.peak_rss_bytes / 2**20:,.0f}",
        )
    results.print(table)
    results.print(
        "ratio: median against the first model's in the same run. "
        "Peak memory includes Python and the runtime."
    )
    if stages is not None:
        _show_stages(stages)
    results.print(f"{_machine(result.environment)}; {result.rows[0].runtime}")


def _show_stages(stages: Stages) -> None:
    table = Table(title="Camera path, microseconds a frame", title_justify="left")
    table.add_column("stage")
    for head in ("p50", "p95", "share"):
        table.add_column(head, justify="right")
    for name in _STAGES:
        stage: Stage = getattr(stages, name)
        table.add_row(
            name, f"{stage.p50_us:,.0f}", f"{stage.p95_us:,.0f}", f"{stage.share:.1%}",
            end_section=name == _STAGES[-2],
        )  # fmt: skip
    results.print()
    results.print(table)
    results.print(
        f"{stages.frames} frames of {stages.width}x{stages.height} of the demo, "
        f"{stages.model}, one thread; capture is the rendering of its scenes."
    )


def show_json(result: BenchResult, stages: Stages) -> None:
    """Print rows, the camera path's stages and the environment as JSON, no single latencies."""
    print_json(
        {
            "models": [_summary(row) for row in result.rows],
            "camera": dataclasses.asdict(stages),
            "environment": dataclasses.asdict(result.environment),
        }
    )


def check_plot(path: Path) -> None:
    """See that `plot` will be able to write `path`.

    Raises: UsageError (not a .png), MissingDependency without matplotlib, CannotWrite.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"--plot {path}: the name must end in .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependency(f"--plot needs matplotlib: {INSTALL}")
    files.make_folder(path.parent)


def plot(result: BenchResult, path: Path) -> None:
    """Draw the share of inferences that were done within a time, a line for each row, as a PNG.

    Raises: CannotWrite.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for row in result.rows:
        times = sorted(row.latencies_us)
        shares = [(i + 1) / len(times) for i in range(len(times))]
        axes.plot(
            times,
            shares,
            label=f"{row.model} ({row.input_dtype}), threads: {row.threads}, {row.p50_us:,.0f} µs",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.tick_params(axis="x", which="both", labelsize=8, rotation=45)
    axes.set_xlim(
        min(row.p50_us for row in result.rows) * 0.7, max(row.p99_us for row in result.rows) * 1.3
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("latency of one picture, microseconds")
    axes.set_ylabel("inferences done")
    axes.set_title(_machine(result.environment), fontsize=9)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, title="model and median")
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=120)


def _summary(row: BenchRow) -> dict[str, object]:
    summary = dataclasses.asdict(row)
    count = len(summary.pop("latencies_us"))
    return summary | {"path": str(row.path), "inferences": count}


def _machine(environment: Environment) -> str:
    name = environment.board or environment.cpu or environment.architecture
    return f"{name}, {environment.cores} cores, load {environment.load_1min}"
