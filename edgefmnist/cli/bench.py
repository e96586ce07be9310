"""`edgefmnist bench`: latency, size and memory on this machine."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import JsonOption, whole_numbers
from edgefmnist.errors import CannotWrite, UsageError

if TYPE_CHECKING:
    from edgefmnist.bench.profile import Profile
    from edgefmnist.bench.records import BenchConfig
    from edgefmnist.runtime.model_file import ModelFile

_WINDOWS_S, _WARMUP_S, _FRAMES = 10.0, 1.0, 300
_QUICK_WINDOWS_S, _QUICK_WARMUP_S, _QUICK_FRAMES = 1.0, 0.3, 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Extras:
    """What is wanted of a measurement beside its tables: files, a comparison, operators."""

    profile: bool
    out: Path | None
    plot: Path | None
    report: Path | None
    compare: Path | None
    max_regression: float | None
    as_json: bool


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL...]",
            help="Bundles, .tflite or .keras files; the default model if none.",
        ),
    ] = None,
    threads: Annotated[str, typer.Option(help="Thread counts to measure, such as 1,2,4.")] = "1",
    quick: Annotated[bool, typer.Option("--quick", help="Windows of 1 s instead of 10 s.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also time every operator of each model.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Keep every latency; gzipped as FILE.json.gz."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Hold it against a run that --out kept."),
    ] = None,
    max_regression: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            help="Exit with 3 where a model is slower than in OLD.json by more, beyond doubt.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the latency distributions into this PNG.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write everything as one page with charts."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure latency, size and memory side by side, and the camera's path with the first model.

    Five windows for each model and thread count, each in a process of its own, taking turns.
    """
    from edgefmnist.bench.records import BenchConfig

    specs: list[str | None] = [*models] if models else [None]
    extras = _Extras(
        profile=profile,
        out=out,
        plot=plot,
        report=report,
        compare=compare,
        max_regression=max_regression,
        as_json=as_json,
    )
    with contextlib.ExitStack() as stack:
        counts = whole_numbers("--threads", threads, "1,2,4", most=256)
        _check(extras)
        models_found = [stack.enter_context(opened(spec)) for spec in specs]
        config = BenchConfig(
            models=distinct(models_found, specs),
            threads=counts,
            window_s=_QUICK_WINDOWS_S if quick else _WINDOWS_S,
            warmup_s=_QUICK_WARMUP_S if quick else _WARMUP_S,
        )
        _run(config, _QUICK_FRAMES if quick else _FRAMES, extras)


def distinct(models: list[ModelFile], specs: list[str | None]) -> tuple[ModelFile, ...]:
    """The models with names that tell them apart: as they were asked for where that is needed."""
    names = [model.name for model in models]
    words = [
        spec if spec is not None and names.count(name) > 1 else name
        for name, spec in zip(names, specs, strict=True)
    ]
    told = [
        word if words.count(word) == 1 else f"{word} #{words[: at + 1].count(word)}"
        for at, word in enumerate(words)
    ]
    return tuple(
        dataclasses.replace(model, name=name) for model, name in zip(models, told, strict=True)
    )


def _run(config: BenchConfig, frames: int, extras: _Extras) -> None:
    from edgefmnist.bench import compare, record
    from edgefmnist.bench.measure import measure
    from edgefmnist.camera.stages import measure_stages
    from edgefmnist.render import bench as view
    from edgefmnist.render.console import finished
    from edgefmnist.render.progress import counting

    old = record.load(extras.compare) if extras.compare else None
    if old is not None:
        compare.check(old, config)
    with counting(f"Measuring, {config.seconds / 60:.1f} minutes and more") as on_window:
        result = measure(config, on_window)
    with counting("Camera path") as on_frame:
        stages = measure_stages(config.models[0], on_frame, frames=frames)
    profiles = _profiles(config) if extras.profile else ()
    comparison = compare.compare(old, result) if old is not None else None
    tell = view.show_json if extras.as_json else view.show
    try:  # files first: the reader of stdout may be gone
        if extras.out is not None:
            record.save(extras.out, result, dataclasses.asdict(stages), profiles)
        if extras.plot is not None:
            view.plot(result, extras.plot)
        if extras.report is not None:
            command = ["edgefmnist", *sys.argv[1:]]
            view.write_report(extras.report, result, stages, profiles, comparison, command)
    except CannotWrite:
        tell(result, stages, profiles, comparison)
        raise
    try:
        tell(result, stages, profiles, comparison)
        finished((extras.out, extras.plot, extras.report), as_json=extras.as_json)
    finally:  # the gate answers even where that reader is gone
        if comparison is not None and extras.max_regression is not None:
            compare.gate(comparison, extras.max_regression)


def _profiles(config: BenchConfig) -> tuple[Profile, ...]:
    from edgefmnist.bench.profile import profile
    from edgefmnist.render.progress import counting

    with counting("Operators") as on_round:
        return tuple(profile(model, config.threads[0], on_round) for model in config.models)


def _check(extras: _Extras) -> None:
    """Everything that can be wrong with the options, before the measurement takes its time."""
    from edgefmnist import files
    from edgefmnist.render import bench as view
    from edgefmnist.render.plots import check_plot
    from edgefmnist.runtime import cut

    if extras.profile:
        cut.check()
    if extras.max_regression is not None:
        if extras.compare is None:
            raise UsageError("--max-regression needs --compare OLD.json to hold the run against")
        if not (math.isfinite(extras.max_regression) and extras.max_regression >= 0):
            raise UsageError(
                f"--max-regression {extras.max_regression:g}: give percent from 0 up, such as 10"
            )
    if extras.out is not None:
        if not extras.out.name.endswith((".json", ".json.gz")):
            raise UsageError(f"--out {extras.out}: the name must end in .json or .json.gz")
        files.check_target(extras.out)
    if extras.plot is not None:
        check_plot(extras.plot)
    if extras.report is not None:
        view.check_report(extras.report)
