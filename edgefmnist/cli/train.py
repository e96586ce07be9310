"""`edgefmnist train`: fit a recipe."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Literal

import typer

from edgefmnist import files
from edgefmnist.cli.options import DataOption, JsonOption
from edgefmnist.errors import UsageError


def train(
    recipe: Annotated[
        str,
        typer.Option(help="Which training: seed-1, seed-2, seed-3, quick, tiny, edge or accurate."),
    ] = "edge",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Change a field of the recipe, such as learning_rate=2e-3 or "
            "augmentation.shift=0; may be named more than once.",
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data; the recipe's by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; runs/RECIPE by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")] = 0,
    device: Annotated[Literal["auto", "cpu", "gpu"], typer.Option(help="Where to train.")] = "auto",
    teacher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Learn from this model's answers too: bundle, .tflite or .keras. "
            "Named more than once, from the mean of all.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Begin with the weights of this model of the recipe's network, a bundle or "
            ".tflite, instead of random ones.",
        ),
    ] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Learn from these pictures of real things too, such as pictures/clothes.npz; "
            "may be named more than once.",
        ),
    ] = None,
    distribute: Annotated[
        str | None,
        typer.Option(
            envvar="EDGEFMNIST_DISTRIBUTE",
            metavar="HOST:PORT",
            help="Train together with other processes: the address where process 0 listens.",
        ),
    ] = None,
    processes: Annotated[
        int,
        typer.Option(min=1, envvar="EDGEFMNIST_PROCESSES", help="How many train together."),
    ] = 1,
    process: Annotated[
        int,
        typer.Option(min=0, envvar="EDGEFMNIST_PROCESS", help="Which of them this is, from 0."),
    ] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a recipe on GPU or CPU.

    Writes model.keras, curves, confusion matrix and result into a folder.
    """
    from edgefmnist.cli.models import opened
    from edgefmnist.frameworks import require_keras
    from edgefmnist.training import recipes
    from edgefmnist.training.settings import changed, read

    asked = read(settings or ())
    if epochs and "epochs" in asked:
        raise UsageError("--epochs and --set epochs are two ways to say one thing: leave one out")
    chosen = changed(recipes.get(recipe), asked)
    folder = out or Path("runs") / chosen.name
    if process == 0:  # before Keras and the data, which take their time
        files.check_folder(folder)
    with contextlib.ExitStack() as stack:
        teachers = tuple(stack.enter_context(opened(spec)) for spec in teacher or ())
        begin = stack.enter_context(opened(start)) if start else None
        require_keras()
        from edgefmnist.dataset import load
        from edgefmnist.dataset.photos import load_photos
        from edgefmnist.render import training as view
        from edgefmnist.render.data import downloading
        from edgefmnist.training.records import Cluster, TrainConfig
        from edgefmnist.training.trainer import refuse_unfinished
        from edgefmnist.training.trainer import train as run

        config = TrainConfig(
            recipe=chosen,
            epochs=epochs or chosen.epochs,
            seed=seed,
            settings=asked,
            out=folder,
            device=device,
            cluster=Cluster(coordinator=distribute, processes=processes, process=process)
            if distribute
            else None,
            teachers=teachers,
            start=begin,
            photos=load_photos(photos) if photos else None,
        )
        if not resume:  # before the data are loaded, which takes its time
            refuse_unfinished(config)
        with downloading() as on_progress:
            samples = load("train", data, on_progress), load("test", data, on_progress)
        try:
            with view.TrainView() as observer:
                result = run(config, *samples, observer, resume=resume)
        except KeyboardInterrupt:
            view.interrupted(config)
            raise
    if process == 0:  # the others' files are gone, and their figures are the same
        (view.show_json if as_json else view.show)(result)
