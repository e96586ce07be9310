"""``edgefmnist camera``: classify live frames until stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import ModelOption, ThresholdOption

if TYPE_CHECKING:
    from edgefmnist.camera.source import Source
    from edgefmnist.preprocess.background import Background


def camera(
    source: Annotated[
        str,
        typer.Option(
            envvar="EDGEFMNIST_SOURCE",
            help="auto, demo, demo:SEED, demo:fixed, /dev/videoN, N, a video file, a folder of "
            "pictures, or an http(s)://, rtsp:// or tcp:// stream.",
        ),
    ] = "auto",
    model: ModelOption = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many frames classified.")
    ] = None,
    threads: Annotated[
        int,
        typer.Option(
            min=1, max=256, envvar="EDGEFMNIST_THREADS", help="Threads of the classifier."
        ),
    ] = 1,
    unknown_threshold: ThresholdOption = None,
    learn_background: Annotated[
        bool,
        typer.Option(
            "--learn-background",
            help="For a camera that stands still: learn the empty scene from the first frames and "
            "save it in the --background file, by default background.npz.",
        ),
    ] = False,
    background: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="EDGEFMNIST_BACKGROUND",
            dir_okay=False,
            help="The learned background, which then finds the garment instead of a search.",
        ),
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON object a frame on stdout.")
    ] = False,
) -> None:
    """Name the garment in live frames until stopped.

    Capture, find the garment, name it, frame after frame; Ctrl-C ends it with a summary.
    """
    from edgefmnist.camera.signals import stop_requested
    from edgefmnist.errors import CameraUnavailable

    with stop_requested() as should_stop, opened(model) as file:
        from edgefmnist.camera.loop import CameraConfig, run_camera
        from edgefmnist.camera.recognizer import open_recognizer
        from edgefmnist.camera.source import open_source
        from edgefmnist.render import live

        config = CameraConfig(source=source, frames=frames)
        with contextlib.ExitStack() as opened_source:
            try:
                frames_from = opened_source.enter_context(
                    contextlib.closing(open_source(config.source))
                )
                ground = _background(frames_from, background, learn_background, should_stop)
            except CameraUnavailable:
                if should_stop():  # stopped while the source kept us waiting
                    return
                raise
            if should_stop():
                return
            recognizer = open_recognizer(
                file, threads=threads, unknown_threshold=unknown_threshold, background=ground
            )
            with live.view(frames_from.name, recognizer.model_name, jsonl=jsonl) as observer:
                summary = run_camera(config, frames_from, recognizer, [observer], should_stop)
        live.show_summary(summary, jsonl=jsonl)


def _background(
    source: Source, path: Path | None, learn: bool, should_stop: Callable[[], bool]
) -> Background | None:
    """What the two options ask for; None for neither, or where a stop came while learning."""
    from edgefmnist import files
    from edgefmnist.camera import background
    from edgefmnist.render import live

    if learn or path is not None:
        background.refuse_folder(source)
    if not learn:
        return None if path is None else background.load(path)
    target = path or background.DEFAULT_FILE
    files.make_folder(target.parent)  # before the work, which takes its time
    with live.learning() as on_progress:
        learned = background.learn(source, on_progress, should_stop)
    if learned is not None:
        background.save(learned, target)
        live.show_learned(target)
    return learned
