"""`edgefmnist evaluate`: accuracy on the test pictures, or on one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import DataOption, JsonOption, ModelArgument, ThresholdOption
from edgefmnist.errors import BadPicture


def evaluate(
    model: ModelArgument = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Pictures of your own instead, by the camera's path: a folder in it for each "
            "of the model's classes, named after it, such as Coat or ankle-boot, or unknown.",
        ),
    ] = None,
    unknown_threshold: ThresholdOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure accuracy on the 10,000 test images, or on pictures of your own.

    Of a bundle, a bare .tflite or a .keras, all through the runtime of the device.
    """
    if pictures is not None:
        return _own(model, pictures, unknown_threshold, as_json)
    from edgefmnist.dataset import load
    from edgefmnist.evaluate import evaluate as run
    from edgefmnist.render import evaluation as view
    from edgefmnist.render.data import downloading
    from edgefmnist.render.progress import counting

    with opened(model) as file:
        with downloading() as on_progress:
            samples = load("test", data, on_progress)
        with counting("Evaluating") as on_pictures:
            result = run(file, samples, on_pictures)
        (view.show_json if as_json else view.show)(file, result)


def _own(model: str | None, folder: Path, threshold: str | None, as_json: bool) -> None:
    from edgefmnist.camera.labelled import evaluate_pictures
    from edgefmnist.camera.recognizer import open_recognizer
    from edgefmnist.render import labelled as view
    from edgefmnist.render.console import show_note
    from edgefmnist.render.progress import counting

    with opened(model) as file:
        recognizer = open_recognizer(file, unknown_threshold=threshold)
        with counting("Evaluating") as on_pictures:
            result = evaluate_pictures(folder, recognizer, on_pictures, show_note)
        (view.show_json if as_json else view.show)(file, result)
    if result.unreadable:
        raise typer.Exit(BadPicture.exit_code)
