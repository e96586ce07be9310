"""`edgefmnist layers`: where an int8 model loses what it loses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgefmnist.cli.options import DataOption, JsonOption


def layers(
    source: Annotated[
        Path, typer.Argument(metavar="RUN_OR_KERAS", help="Run folder or .keras file.")
    ],
    calibration_samples: Annotated[
        int, typer.Option(min=1, help="Pictures in the representative dataset.")
    ] = 500,
    plot: Annotated[Path | None, typer.Option(help="Draw the errors into this PNG.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report the error of each layer, float against int8, on validation pictures.

    The five worst are named, and measured with that layer left in float, as quantize --keep-float
    would.
    """
    from edgefmnist.dataset import load
    from edgefmnist.quantization.layers import report
    from edgefmnist.quantization.records import QuantizeConfig
    from edgefmnist.quantization.source import read_source
    from edgefmnist.render import layers as view
    from edgefmnist.render.console import finished
    from edgefmnist.render.data import downloading
    from edgefmnist.render.plots import check_plot
    from edgefmnist.render.progress import Stages

    if plot is not None:
        check_plot(plot)
    read_source(source)  # before the data are loaded, which takes its time
    config = QuantizeConfig(source=source, calibration_count=calibration_samples)
    with downloading() as on_progress:
        train = load("train", data, on_progress)
    with Stages() as observer:
        result = report(config, train, observer)
    (view.show_json if as_json else view.show)(result)
    if plot is not None:
        view.plot(result, plot)
        finished((plot,), as_json=as_json)
