"""`edgefmnist quantize`: convert, compare, gate, release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edgefmnist.cli.options import DataOption, JsonOption
from edgefmnist.errors import UsageError

if TYPE_CHECKING:
    from edgefmnist.dataset import Samples
    from edgefmnist.quantization.records import Goal, QuantizeConfig
    from edgefmnist.records import GarmentFrames


def quantize(
    source: Annotated[
        Path, typer.Argument(metavar="RUN_OR_KERAS", help="Run folder or .keras file.")
    ],
    variant: Annotated[
        Literal["int8", "int16x8", "float16", "dynamic", "float32"] | None,
        typer.Option(help="Number format of the result; int8 by default."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Compare all variants; write none without --select.")
    ] = False,
    latency: Annotated[
        bool,
        typer.Option(
            "--latency",
            help="With --all: time them here too, a minute or more; --select always does.",
        ),
    ] = False,
    select: Annotated[
        Literal["fastest", "smallest", "most-accurate"] | None,
        typer.Option(help="Compare all variants and release the one that is this, here."),
    ] = None,
    calibration_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Pictures in the representative dataset; 500 by default."),
    ] = None,
    calibration_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Calibrate on the garments found in these pictures of your own."
        ),
    ] = None,
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
        Path | None,
        typer.Option(
            help="Folder of the bundle; by default RUN/VARIANT, RUN/selected of --select."
        ),
    ] = None,
    other_seed: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="The same training with another seed, for the card."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="With --all or --select: draw the variants into this PNG."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a trained model, measure its loss, release it.

    Exit code 3, and no bundle, when the gate refuses it: it loses more than --max-drop, or fails
    another of the demands that the result lists. --select chooses by accuracy on the validation
    pictures and by latency measured here, and says why.
    """
    every = every or select is not None
    _check(
        every=every,
        writes=not every or select is not None,
        variant=variant,
        samples=calibration_samples,
        frames=calibration_dir,
        keep_float=bool(keep_float),
        for_bundle=bool(out or other_seed),
        plot=plot is not None,
        latency=latency,
    )
    if plot is not None:
        from edgefmnist.render.plots import check_plot

        check_plot(plot)
    from edgefmnist.quantization.records import SELECTED, QuantizeConfig
    from edgefmnist.quantization.release import checked_out
    from edgefmnist.quantization.source import read_source

    config = QuantizeConfig(
        source=source,
        variant=variant or "int8",
        calibration_count=calibration_samples or 500,
        max_drop_pp=max_drop,
        out=out,
        other_seeds=tuple(other_seed or ()),
        keep_float=tuple(dict.fromkeys(keep_float or ())),
    )
    source_found = read_source(source)  # before what takes its time
    if not every or select is not None:
        checked_out(config, source_found, SELECTED if select is not None else config.variant)
    frames = _own_frames(calibration_dir) if calibration_dir is not None else None
    if every:
        _all(config, select, latency or select is not None, frames, data, plot, as_json)
    else:
        _one(config, frames, data, as_json)


def _check(
    *,
    every: bool,
    writes: bool,
    variant: str | None,
    samples: int | None,
    frames: Path | None,
    keep_float: bool,
    for_bundle: bool,
    plot: bool,
    latency: bool,
) -> None:
    """Refuse options that make no sense together.

    every: all variants are compared. writes: a bundle is written, for_bundle: options say how.
    """
    if every and variant is not None:
        raise UsageError(f"--all and --select compare all variants: leave out --variant {variant}")
    if every and keep_float:
        raise UsageError("--keep-float is for one int8 model: leave it out, or --all and --select")
    if for_bundle and not writes:
        raise UsageError(
            "--all alone writes no bundle: add --select, or leave out --out and --other-seed"
        )
    if plot and not every:
        raise UsageError("--plot draws all variants: add --all")
    if latency and not every:
        raise UsageError(
            "--latency times all variants: add --all; one is timed by edgefmnist bench"
        )
    if frames is not None and samples is not None:
        raise UsageError(
            f"--calibration-dir {frames} takes all of its pictures: leave out --calibration-samples"
        )
    if frames is not None and variant in ("float16", "dynamic", "float32"):
        raise UsageError(f"--variant {variant} needs no calibration: leave out --calibration-dir")


def _one(
    config: QuantizeConfig, frames: GarmentFrames | None, data: Path | None, as_json: bool
) -> None:
    from edgefmnist.quantization.quantizer import quantize as run
    from edgefmnist.render import quantization as view
    from edgefmnist.render.progress import Stages

    train, test = _samples(data)
    with Stages() as observer:
        result = run(config, train, test, observer, frames)
    (view.show_json if as_json else view.show)(result)


def _all(
    config: QuantizeConfig,
    goal: Goal | None,
    latency: bool,
    frames: GarmentFrames | None,
    data: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    from edgefmnist.cli.timing import time_models
    from edgefmnist.quantization.variants import quantize_all
    from edgefmnist.render import variants as view
    from edgefmnist.render.progress import Stages

    train, test = _samples(data)
    with Stages() as observer:
        timer = time_models if latency else None
        result = quantize_all(config, goal, train, test, timer, observer, frames)
    (view.show_json if as_json else view.show)(result)
    if plot is not None:
        view.plot(result, plot)
    view.end(result, plot, as_json=as_json)


def _samples(data: Path | None) -> tuple[Samples, Samples]:
    from edgefmnist.dataset import load
    from edgefmnist.render.data import downloading

    with downloading() as on_progress:
        return load("train", data, on_progress), load("test", data, on_progress)


def _own_frames(folder: Path) -> GarmentFrames:
    from edgefmnist.camera.stills import garment_frames
    from edgefmnist.render.console import show_note
    from edgefmnist.render.progress import counting

    with counting("Finding garments") as on_frame:
        return garment_frames(folder, on_frame, show_note)
