"""``edgefmnist predict``: the camera's own path on still pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import (
    CropStillOption,
    FlipStillOption,
    ModelOption,
    RotateStillOption,
    ThresholdOption,
)


def predict(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE_OR_DIR...", help="Picture files, or folders of them."),
    ],
    model: ModelOption = None,
    unknown_threshold: ThresholdOption = None,
    rotate: RotateStillOption = None,
    flip: FlipStillOption = None,
    crop: CropStillOption = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON object a picture on stdout.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="OUT",
            help="Draw for each picture why: outline, 28x28 and probabilities, into this folder.",
        ),
    ] = None,
) -> None:
    """Name the garment in each picture."""
    from edgefmnist.camera.recognizer import open_recognizer
    from edgefmnist.camera.stills import recognize_stills
    from edgefmnist.camera.view import read_view
    from edgefmnist.errors import BadPicture
    from edgefmnist.render import predictions
    from edgefmnist.render.console import finished, show_note
    from edgefmnist.render.explain import check_folder, explaining

    view = read_view(rotate, flip, crop)
    if explain is not None:  # before the work, which takes its time
        check_folder(explain, pictures)
    with opened(model) as file:
        recognizer = open_recognizer(file, unknown_threshold=unknown_threshold)
    stills = recognize_stills(pictures, recognizer, show_note, view)
    if explain is not None:
        stills = explaining(
            stills, Path(explain), recognizer.unknown_threshold, recognizer.model.labels
        )
    failed = predictions.show_jsonl(stills) if jsonl else predictions.show_table(stills)
    if explain is not None:
        finished((Path(explain),), as_json=jsonl)
    if failed:
        raise typer.Exit(BadPicture.exit_code)
