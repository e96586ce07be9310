"""`edgefmnist adapt`: learning one's own clothes on the device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgefmnist.cli.options import DataOption, JsonOption

if TYPE_CHECKING:
    from edgefmnist.adaptation.records import AdaptConfig, AdaptResult


def adapt(
    photos: Annotated[
        Path,
        typer.Argument(
            metavar="PHOTOS",
            readable=False,  # reading it tells better: some file systems say no and let one read
            help="Folder with a folder for each class, named after it; unknown holds what is none.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            envvar="EDGEFMNIST_MODEL",
            help="Bundle to begin from; by default the shipped one.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the new bundle; NAME-adapted by default.")
    ] = None,
    max_forget: Annotated[
        float,
        typer.Option(metavar="PP", help="Most accuracy that the old classes may lose, in points."),
    ] = 1.0,
    group: Annotated[
        Literal["time", "folder", "prefix"],
        typer.Option(
            help="Which pictures of a class belong together, so that no test splits them: those of "
            "one minute, of one folder inside the class's, or whose names differ in a last number.",
        ),
    ] = "time",
    only: Annotated[
        bool, typer.Option("--only", help="Know the classes of PHOTOS and no others.")
    ] = False,
    all_layers: Annotated[
        bool,
        typer.Option(
            "--all-layers",
            help="Train the whole network further, with Fashion-MNIST beside the pictures; for a "
            "PC with TensorFlow, where it takes minutes.",
        ),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from pictures of your own: fit the last layer again, test it, write a bundle.

    Exit code 3, and no bundle, where it does not help beyond chance or costs the old classes more
    than --max-forget. Only --all-layers needs TensorFlow.
    """
    from edgefmnist.adaptation.adapter import adapt as run
    from edgefmnist.adaptation.records import AdaptConfig
    from edgefmnist.errors import GateRefused
    from edgefmnist.render import adaptation as view
    from edgefmnist.render.console import show_note
    from edgefmnist.render.progress import Stages
    from edgefmnist.runtime.models import resolve

    base = resolve(model)
    config = AdaptConfig(
        photos=photos,
        model=base,
        out=out or Path(f"{base.name.removesuffix('-adapted')}-adapted"),
        max_forget_pp=max_forget,
        grouping=group,
        only=only,
        all_layers=all_layers,
    )
    if all_layers:
        result = _all_layers(config, data)
    else:
        with Stages() as observer:
            result = run(config, observer, show_note)
    (view.show_json if as_json else view.show)(result)
    if result.refused is not None:
        raise GateRefused(f"no bundle: {result.refused}")


def _all_layers(config: AdaptConfig, data: Path | None) -> AdaptResult:
    from edgefmnist.adaptation.adapter import checked_out
    from edgefmnist.dataset import load
    from edgefmnist.finetuning.beginning import recipe_of
    from edgefmnist.finetuning.finetuner import finetune
    from edgefmnist.frameworks import require_tensorflow
    from edgefmnist.render.console import show_note
    from edgefmnist.render.data import downloading
    from edgefmnist.render.progress import Stages

    checked_out(config)
    recipe_of(config.model)  # before TensorFlow and the data, which take their time
    require_tensorflow()
    with downloading() as on_progress:
        train = load("train", data, on_progress)
    with Stages() as observer:
        return finetune(config, train, observer, show_note)
