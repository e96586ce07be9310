"""`edgefmnist calibration`: how many calibration pictures int8 needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgefmnist.cli.options import DataOption, JsonOption, whole_numbers


def calibration(
    source: Annotated[
        Path, typer.Argument(metavar="RUN_OR_KERAS", help="Run folder or .keras file.")
    ],
    calibration_samples: Annotated[
        str, typer.Option(help="Numbers of calibration pictures to try.")
    ] = "10,30,100,500,1000",
    seeds: Annotated[
        int, typer.Option(min=2, max=100, help="Subsets of each size, which share no picture.")
    ] = 3,
    plot: Annotated[
        Path | None, typer.Option(help="Draw accuracy and ranges over the number into this PNG.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure int8 accuracy against the number and the choice of calibration pictures.

    Ranges that differ by more than 20 % between two disjoint subsets are named. Everything is
    measured on validation pictures; the test images are not looked at, and nothing is released.
    """
    told = whole_numbers("--calibration-samples", calibration_samples, "10,100,500")
    from edgefmnist.dataset import load
    from edgefmnist.quantization.source import read_source
    from edgefmnist.quantization.study import StudyConfig, study
    from edgefmnist.render import study as view
    from edgefmnist.render.console import finished
    from edgefmnist.render.data import downloading
    from edgefmnist.render.plots import check_plot
    from edgefmnist.render.progress import Stages

    if plot is not None:
        check_plot(plot)
    read_source(source)  # before the data are loaded, which takes its time
    config = StudyConfig(source=source, counts=tuple(sorted(set(told))), subsets=seeds)
    with downloading() as on_progress:
        train = load("train", data, on_progress)
    with Stages() as observer:
        result = study(config, train, observer)
    (view.show_json if as_json else view.show)(result)
    if plot is not None:
        view.plot(result, plot)
        finished((plot,), as_json=as_json)
