"""``edgefmnist data``: find, verify or fetch the data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def data(
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download into the user's cache what is missing.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--data",
            envvar="EDGEFMNIST_DATA",
            help="Use this folder and no other.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Find the four files of Fashion-MNIST and check them by SHA-256."""
    from edgefmnist import dataset
    from edgefmnist.render import data as render

    with render.downloading() as on_progress:
        files = dataset.find(folder, fetch=fetch, on_progress=on_progress)
    if json:
        render.as_json(files)
    else:
        render.as_table(files)
