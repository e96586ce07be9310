"""`edgefmnist export`: a bundle as sources for microcontrollers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from edgefmnist.cli.options import JsonOption


def export(
    bundle: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="Bundle folder or shipped bundle's name; by default the shipped one.",
        ),
    ] = None,
    form: Annotated[
        Literal["c-array"], typer.Option("--format", help="What to write: C sources.")
    ] = "c-array",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; NAME-c-array by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a bundle's int8 model, golden vectors and labels as C sources for microcontrollers.

    Where tflite-micro is installed, TensorFlow Lite Micro runs the same bytes first; exit code 3,
    and nothing written, when its answers are beyond the bound.
    """
    from edgefmnist.export.exporter import export as run
    from edgefmnist.export.records import ExportConfig
    from edgefmnist.render import export as view
    from edgefmnist.render.progress import Stages
    from edgefmnist.runtime.models import resolve

    config = ExportConfig(model=resolve(bundle), out=out)
    with Stages() as stages:
        stages.stage("Running the golden vectors")
        result = run(config)
    (view.show_json if as_json else view.show)(result)
