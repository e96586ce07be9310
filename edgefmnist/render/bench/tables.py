"""A measurement as tables for people and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from edgefmnist.bench.compare import Change, Comparison
from edgefmnist.bench.profile import OperatorTime, Profile
from edgefmnist.bench.record import document
from edgefmnist.bench.records import BenchConfig, BenchResult, BenchRow
from edgefmnist.camera.stages import Stage, Stages
from edgefmnist.environment import Conditions
from edgefmnist.render.console import print_json, results

STAGES = ("capture", "preprocess", "infer", "track", "total")
MEMORY_HEADS = (
    *("file KiB", "arena KiB", "loaded MiB", "steady MiB", "peak MiB", "start ms", "spread ms"),
)
PROFILE_NOTE = (
    "LiteRT's Python package offers no profile: these are differences between the model cut off "
    "after an operator and before it, medians over rounds. The first holds the call itself."
)
_STYLES = {"problem": "bold red", "warning": "yellow"}


def show(
    result: BenchResult,
    stages: Stages | None = None,
    profiles: Sequence[Profile] = (),
    comparison: Comparison | None = None,
) -> None:
    """Print latency, memory and start of each model, the camera path's stages, operators, the
    machine, and the ratios to an earlier run.
    """
    _show_latency(result)
    results.print()
    _show_memory(result)
    if stages is not None:
        results.print()
        _show_stages(stages)
    for profile in profiles:
        results.print()
        _show_profile(profile)
    if profiles:
        results.print(PROFILE_NOTE)
    results.print()
    show_conditions(result.conditions, result.rows[0].runtime)
    if comparison is not None:
        results.print()
        _show_comparison(comparison)


def _show_latency(result: BenchResult) -> None:
    table = Table(title="Latency of one picture, in microseconds", title_justify="left")
    table.add_column("model (input)", overflow="fold")
    for head in ("threads", "window", "spread", "p50", "p95", "p99", "ratio"):
        table.add_column(head, justify="right")
    for row in result.rows:
        table.add_row(
            model_text(row),
            str(row.threads),
            f"{row.window_us:,.0f}",
            spread_text(row.window_spread_us),
            *(f"{value:,.0f}" for value in (row.p50_us, row.p95_us, row.p99_us)),
            f"{row.ratio:.2f}",
        )
    results.print(table)
    results.print(method_text(result.config))
    results.print(
        "window: mean time in one, median and spread of all; p50, p95, p99: of single inferences; "
        "ratio: p50 against the first model's."
    )


def _show_memory(result: BenchResult) -> None:
    table = Table(title="Memory and cold start", title_justify="left")
    table.add_column("model (input)", overflow="fold")
    for head in MEMORY_HEADS:
        table.add_column(Text(head.replace(" ", "\n")), justify="right")
    for row in first_rows(result):
        table.add_row(
            model_text(row),
            f"{row.size_bytes / 1024:,.0f}",
            f"{row.arena_bytes / 1024:,.0f}",
            *(
                f"{value / 2**20:,.1f}"
                for value in (row.loaded_bytes, row.steady_rss_bytes, row.peak_rss_bytes)
            ),
            f"{row.cold_start_ms:,.0f}",
            spread_text(row.cold_start_spread_ms),
        )
    results.print(table)
    for line in memory_notes(result):
        results.print(line)


def first_rows(result: BenchResult) -> list[BenchRow]:
    """The rows of the first thread count: one for each model."""
    return [row for row in result.rows if row.threads == result.rows[0].threads]


def memory_notes(result: BenchResult) -> list[str]:
    """What the columns of the memory table mean."""
    first = result.rows[0]
    starts = [window.cold_start for window in first.windows]
    python, imports, load, answer = (
        float(np.median([getattr(start, f"{part}_ms") for start in starts]))
        for part in ("python", "imports", "load", "answer")
    )
    return [
        "arena: activations as a greedy planner lays them out, an estimate; loaded: what loading "
        "the model and its first answer added; steady, peak: the whole process, Python and the "
        "runtime included.",
        f"cold start: a new process to its first answer, files in the page cache; of {first.model} "
        f"{python:,.0f} ms Python, {imports:,.0f} NumPy and the runtime, {load:,.1f} the model, "
        f"{answer:,.1f} the answer.",
    ]


def _show_stages(stages: Stages) -> None:
    table = Table(title="Camera path, microseconds a frame", title_justify="left")
    table.add_column("stage")
    for head in ("p50", "p95", "share"):
        table.add_column(head, justify="right")
    for name in STAGES:
        stage: Stage = getattr(stages, name)
        table.add_row(
            name, f"{stage.p50_us:,.0f}", f"{stage.p95_us:,.0f}", f"{stage.share:.1%}",
            end_section=name == STAGES[-2],
        )  # fmt: skip
    results.print(table)
    results.print(stages_text(stages))


def _show_profile(profile: Profile) -> None:
    table = Table(title=profile_title(profile), title_justify="left")
    table.add_column("operator")
    table.add_column("output")
    for head in ("us", "quartiles", "share"):
        table.add_column(head, justify="right")
    for one in profile.operators:
        table.add_row(*profile_cells(one))
    results.print(table)


def profile_title(profile: Profile) -> str:
    """Whose operators these are."""
    return f"Operators of {profile.model}, threads: {profile.threads}, {profile.total_us:,.0f} us"


def profile_cells(one: OperatorTime) -> tuple[str, str, str, str, str]:
    """An operator's row."""
    low, high = one.quartiles_us
    shape = "x".join(str(n) for n in one.shape)
    return one.name, shape, f"{one.us:.1f}", f"{low:.1f} to {high:.1f}", f"{one.share:.1%}"


def stages_text(stages: Stages) -> str:
    """What was run for the stages."""
    return (
        f"{stages.frames} frames of {stages.width}x{stages.height} of the demo, {stages.model}, "
        "one thread; capture is the rendering of its scenes."
    )


def show_conditions(conditions: Conditions, runtime: str) -> None:
    """Print what machine it was and what casts doubt on the measurement."""
    results.print(f"{machine_text(conditions)}; {runtime}")
    for one in conditions.judgements:
        if one.level in _STYLES:
            mend = f": {one.mend}" if one.mend else ""
            results.print(f"{one.level}: {one.what}{mend}", style=_STYLES[one.level])
    told = [one.what for one in conditions.judgements if one.level == "ok"]
    if told:
        results.print(f"well: {'; '.join(told)}", style="green")
    hidden = [one.about for one in conditions.judgements if one.level == "unknown"]
    if hidden:
        results.print(f"not told by this system: {', '.join(hidden)}")


def machine_text(conditions: Conditions) -> str:
    """The machine in a line."""
    before = conditions.before
    name = before.board or before.cpu or before.architecture
    parts = [name, before.cpu] if before.board and before.cpu else [name]
    return f"{', '.join(parts)}, {before.cores} cores, {before.system}"


def method_text(config: BenchConfig) -> str:
    """How it was measured."""
    return (
        f"{config.windows} windows of {config.window_s:g} s, each in a fresh process after "
        f"{config.warmup_s:g} s of warm-up, models taking turns; one picture at a time, its "
        "conversion to the input included."
    )


def model_text(row: BenchRow) -> str:
    """Name and input dtype."""
    return f"{row.model} ({row.input_dtype})"


def spread_text(spread: tuple[float, float]) -> str:
    """Lowest and highest."""
    return f"{spread[0]:,.0f}-{spread[1]:,.0f}"


def change_cells(one: Change) -> tuple[str, ...]:
    """Model, threads, then, now, now/then, its interval, and whether the file is another."""
    return (
        one.model,
        str(one.threads),
        f"{one.old_us:,.1f}",
        f"{one.new_us:,.1f}",
        f"{one.ratio:.3f}",
        f"{one.interval[0]:.3f} to {one.interval[1]:.3f}",
        "changed" if one.model_changed else "same",
    )


def _show_comparison(comparison: Comparison) -> None:
    table = Table(
        title=f"Against {comparison.old.path} of {comparison.old.made}", title_justify="left"
    )
    table.add_column("model", overflow="fold")
    for head in ("threads", "then us", "now us", "now/then", "95 % interval"):
        table.add_column(head, justify="right")
    table.add_column("file")
    for one in comparison.changes:
        table.add_row(*change_cells(one))
    results.print(table)
    results.print("medians of the windows' medians; bootstrap over whole windows.")
    for note in comparison.notes:
        results.print(f"note: {note}", style="yellow")
    for doubt in comparison.doubts:
        results.print(f"not to be trusted: {doubt}", style="bold red")
    if comparison.missing:
        results.print(f"not in the earlier run: {', '.join(comparison.missing)}")


def show_json(
    result: BenchResult,
    stages: Stages | None = None,
    profiles: Sequence[Profile] = (),
    comparison: Comparison | None = None,
) -> None:
    """Print the run without its single latencies as JSON, and what it was held against."""
    camera = None if stages is None else dataclasses.asdict(stages)
    told = document(result, camera, profiles, samples=False)
    if comparison is not None:
        told["comparison"] = {
            "record": str(comparison.old.path),
            "made": comparison.old.made,
            "changes": [dataclasses.asdict(one) for one in comparison.changes],
            "missing": comparison.missing,
            "notes": comparison.notes,
            "doubts": comparison.doubts,
        }
    print_json(told)
