"""`edgefmnist bench`: latency, size and memory on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import JsonOption
from edgefmnist.errors import UsageError


def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL...]",
            help="Bundles, .tflite or .keras files; the default model if none.",
        ),
    ] = None,
    threads: Annotated[str, typer.Option(help="Thread counts to measure, such as 1,2,4.")] = "1",
    plot: Annotated[
        Path | None, typer.Option(help="Draw the latency distributions into this PNG.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure latency, size and memory side by side, and the camera's path with the first model.

    Each model has a process of its own; their timed windows take turns.
    """
    import contextlib

    from edgefmnist.bench.measure import measure
    from edgefmnist.bench.records import BenchConfig
    from edgefmnist.camera.stages import measure_stages
    from edgefmnist.render import bench as view
    from edgefmnist.render.progress import counting

    specs: list[str | None] = [*models] if models else [None]
    counts = _counts(threads)
    if plot is not None:
        view.check_plot(plot)  # before the measurement, which takes its time
    with contextlib.ExitStack() as stack:
        files = tuple(stack.enter_context(opened(spec)) for spec in specs)
        config = BenchConfig(models=files, threads=counts)
        with counting("Measuring") as on_window:
            result = measure(config, on_window)
        with counting("Camera path") as on_frame:
            stages = measure_stages(files[0], on_frame)
        (view.show_json if as_json else view.show)(result, stages)
    if plot is not None:
        view.plot(result, plot)


def _counts(text: str) -> tuple[int, ...]:
    try:
        counts = tuple(int(part) for part in text.split(","))
    except ValueError:
        counts = ()
    if not counts or min(counts) < 1 or max(counts) > 256:
        raise UsageError(f"--threads {text}: give whole numbers from 1 to 256, such as 1,2,4")
    return counts
