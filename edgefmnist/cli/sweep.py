"""`edgefmnist sweep`: try variants of a recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from edgefmnist import files
from edgefmnist.cli.options import DataOption, JsonOption
from edgefmnist.errors import EdgeFmnistError, UsageError


def sweep(
    recipe: Annotated[str, typer.Option(help="The recipe that the variants differ from.")] = "edge",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE,VALUE...",
            help="A field of the recipe and the values to try, such as learning_rate=1e-3,4e-3 or "
            "augmentation.shift=0,2. Named more than once, every combination.",
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data; the recipe's by default.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; runs/sweep-RECIPE by default.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Head of a running Ray cluster; by default Ray is started on this machine.",
        ),
    ] = None,
    cpus: Annotated[
        int | None, typer.Option(min=1, help="CPUs of each trial; by default all of this machine.")
    ] = None,
    gpus: Annotated[
        float, typer.Option(min=0, help="GPUs of each trial; 0.5 lets two share one.")
    ] = 0,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train variants of a recipe on Ray Tune and rank them by validation accuracy.

    The test images are not looked at. What has been trained is recorded in --out at once: the same
    command goes on after a stop, and more values only train what is new.
    """
    from edgefmnist.sweep.variants import grid
    from edgefmnist.training import recipes

    variants = grid(recipes.get(recipe), settings or (), epochs)
    if len(variants) * seeds == 1 and not settings:
        raise UsageError(
            "nothing to compare: name what to try with --set FIELD=VALUE,VALUE, such as "
            "--set learning_rate=1e-3,4e-3, or how often to train with --seeds 3"
        )
    folder = out or Path("runs") / f"sweep-{recipe}"
    files.check_folder(folder)  # before Keras and the data, which take their time
    from edgefmnist.frameworks import require_keras

    require_keras()
    from edgefmnist.dataset import load
    from edgefmnist.render import sweep as view
    from edgefmnist.render.data import downloading
    from edgefmnist.sweep.records import SweepConfig
    from edgefmnist.sweep.runner import sweep as run

    config = SweepConfig(
        variants=variants,
        seeds=seeds,
        out=folder,
        address=address,
        cpus=cpus or os.cpu_count() or 1,
        gpus=gpus,
    )
    with downloading() as on_progress:
        samples = load("train", data, on_progress)
    try:
        with view.SweepView() as observer:
            result = run(config, samples, observer)
    except KeyboardInterrupt:
        view.interrupted(config)
        raise
    if not result.ranked:
        raise EdgeFmnistError(f"no trial ended well; the first: {result.failed[0].error}")
    (view.show_json if as_json else view.show)(result)
