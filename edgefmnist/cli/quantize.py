"""`edgefmnist quantize`: convert, compare, gate, release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from edgefmnist.cli.options import DataOption, JsonOption


def quantize(
    source: Annotated[
        Path, typer.Argument(metavar="RUN_OR_KERAS", help="Run folder or .keras file.")
    ],
    variant: Annotated[
        Literal["int8", "int16x8", "float16", "dynamic", "float32"],
        typer.Option(help="Number format of the result."),
    ] = "int8",
    calibration_samples: Annotated[
        int, typer.Option(min=1, help="Pictures in the representative dataset.")
    ] = 500,
    max_drop: Annotated[
        float, typer.Option(metavar="PP", help="Most accuracy that may be lost, in points.")
    ] = 0.5,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYER", help="Leave a Keras layer in float32; see edgefmnist layers."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the bundle; RUN/VARIANT by default.")
    ] = None,
    other_seed: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="The same training with another seed, for the card."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a trained model, measure its loss, release it.

    Exit code 3, and no bundle, when the gate refuses it: it loses more than --max-drop, or fails
    another of the demands that the result lists.
    """
    from edgefmnist.dataset import load
    from edgefmnist.quantization.quantizer import quantize as run
    from edgefmnist.quantization.records import QuantizeConfig
    from edgefmnist.render import quantization as view
    from edgefmnist.render.data import downloading
    from edgefmnist.render.progress import Stages

    config = QuantizeConfig(
        source=source,
        variant=variant,
        calibration_count=calibration_samples,
        max_drop_pp=max_drop,
        out=out,
        other_seeds=tuple(other_seed or ()),
        keep_float=tuple(dict.fromkeys(keep_float or ())),
    )
    with downloading() as on_progress:
        samples = load("train", data, on_progress), load("test", data, on_progress)
    with Stages() as observer:
        result = run(config, *samples, observer)
    (view.show_json if as_json else view.show)(result)
