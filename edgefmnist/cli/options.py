"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_MODEL_HELP = "Bundle folder, shipped bundle's name, .tflite or .keras; by default the shipped one."

ModelArgument = Annotated[str | None, typer.Argument(metavar="[MODEL]", help=_MODEL_HELP)]

ModelOption = Annotated[
    str | None, typer.Option("--model", envvar="EDGEFMNIST_MODEL", help=_MODEL_HELP)
]

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="EDGEFMNIST_DATA",
        help="Folder with the four Fashion-MNIST files; used alone, whatever else is found.",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]

ThresholdOption = Annotated[
    str | None,
    typer.Option(
        "--unknown-threshold",
        envvar="EDGEFMNIST_UNKNOWN_THRESHOLD",
        metavar="VALUE|off",
        help="Answer unknown where the probability of being one of the ten classes is under this, "
        "0 to 1; off never does. By default the model's own.",
    ),
]
