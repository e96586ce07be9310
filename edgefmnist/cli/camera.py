"""``edgefmnist camera``: classify live frames until stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import ModelOption, ThresholdOption


def camera(
    source: Annotated[
        str,
        typer.Option(
            envvar="EDGEFMNIST_SOURCE",
            help="auto, demo, demo:SEED, /dev/videoN, N, a video file, a folder of pictures, or "
            "an http(s)://, rtsp:// or tcp:// stream.",
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
        recognizer = open_recognizer(file, threads=threads, unknown_threshold=unknown_threshold)
        try:
            frames_from = open_source(config.source)
        except CameraUnavailable:
            if should_stop():  # stopped while the source kept us waiting
                return
            raise
        with live.view(frames_from.name, recognizer.model_name, jsonl=jsonl) as observer:
            summary = run_camera(config, frames_from, recognizer, [observer], should_stop)
        live.show_summary(summary, jsonl=jsonl)
