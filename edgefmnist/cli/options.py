"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from edgefmnist.errors import UsageError

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
        help="Answer unknown where the probability of being one of the model's classes is under "
        "this, 0 to 1; off never does. By default the model's own.",
    ),
]


def _view_option(option: str, metavar: str, help: str, *, envvar: bool) -> Any:
    """An option on how pictures are seen. envvar: read from the environment too."""
    name = f"EDGEFMNIST_{option.strip('-').upper()}" if envvar else None
    return typer.Option(option, metavar=metavar, envvar=name, help=help)


_ROTATE = ("--rotate", "90|180|270", "Turn pictures so many degrees clockwise.")
_FLIP = ("--flip", "horizontal|vertical", "Then swap left and right, or top and bottom.")
_CROP = (
    "--crop",
    "X,Y,WIDTH,HEIGHT",
    "Then keep this part only, in shares of width and height: 0.25,0,0.5,1 is the middle half.",
)

# The camera's may stand in the environment. `predict` reads none there: frames that the camera
# kept are turned already.
RotateOption = Annotated[str | None, _view_option(*_ROTATE, envvar=True)]
FlipOption = Annotated[str | None, _view_option(*_FLIP, envvar=True)]
CropOption = Annotated[str | None, _view_option(*_CROP, envvar=True)]
RotateStillOption = Annotated[str | None, _view_option(*_ROTATE, envvar=False)]
FlipStillOption = Annotated[str | None, _view_option(*_FLIP, envvar=False)]
CropStillOption = Annotated[str | None, _view_option(*_CROP, envvar=False)]


def whole_numbers(option: str, text: str, example: str, most: int | None = None) -> tuple[int, ...]:
    """The numbers of an option such as ``--threads 1,2,4``, each from 1 on and at most `most`.

    Raises: UsageError showing `example`.
    """
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1 or (most is not None and max(numbers) > most):
        span = "on" if most is None else f"to {most}"
        raise UsageError(f"{option} {text}: give whole numbers from 1 {span}, such as {example}")
    return numbers


def byte_count(option: str, text: str) -> int:
    """Bytes of a size such as ``500KB``, ``20MB`` or ``1.5GB``; 1 KB is 1000 bytes.

    Raises: UsageError.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*([kKMGT]?)[bB]?", text.strip())
    count = float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " ") if found else 0
    if count < 1:
        raise UsageError(f"{option} {text}: give a size, such as 500KB, 20MB or 1GB")
    return int(count)


def picture_size(option: str, text: str | None) -> tuple[int, int] | None:
    """Width and height of ``640x480``; None for None. Raises: UsageError."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{2,5})[xX](\d{2,5})", text.strip())
    if found is None or min(int(found[1]), int(found[2])) < 16:
        raise UsageError(f"{option} {text}: give width and height in pixels, such as 640x480")
    return int(found[1]), int(found[2])
