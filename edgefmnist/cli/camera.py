"""``edgefmnist camera``: classify live frames until stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edgefmnist.cli import camera_options as options
from edgefmnist.cli.models import opened
from edgefmnist.cli.options import (
    CropOption,
    FlipOption,
    ModelOption,
    RotateOption,
    ThresholdOption,
    byte_count,
    picture_size,
)
from edgefmnist.cli.outputs import OutputsConfig, open_outputs
from edgefmnist.errors import BadPicture, UsageError

if TYPE_CHECKING:
    from edgefmnist.camera.capture import Capture
    from edgefmnist.camera.labelling.learned import LearnedModels
    from edgefmnist.camera.loop import CameraConfig
    from edgefmnist.camera.source import SourceConfig
    from edgefmnist.preprocess.background import Background

_MOST_PATIENCE_S = 1e9  # three decades: more does not fit the clock


def camera(
    source: options.SourceOption = "auto",
    source_ca: options.SourceCaOption = None,
    size: options.SizeOption = None,
    fps: options.FpsOption = None,
    realtime: options.RealtimeOption = False,
    loop: options.LoopOption = False,
    rotate: RotateOption = None,
    flip: FlipOption = None,
    crop: CropOption = None,
    list_cameras: options.ListOption = False,
    model: ModelOption = None,
    frames: options.FramesOption = None,
    give_up_after: options.GiveUpOption = None,
    threads: options.ThreadsOption = 1,
    unknown_threshold: ThresholdOption = None,
    learn_background: options.LearnOption = False,
    background: options.BackgroundOption = None,
    jsonl: options.JsonlOption = False,
    every_frame: options.EveryFrameOption = False,
    log: options.LogOption = None,
    log_limit: options.LogLimitOption = "10MB",
    preview: options.PreviewOption = None,
    mqtt: options.MqttOption = None,
    mqtt_password_file: options.MqttPasswordOption = None,
    mqtt_ca: options.MqttCaOption = None,
    save_uncertain: options.SaveOption = None,
    save_limit: options.SaveLimitOption = "250MB",
    adapt: options.AdaptOption = None,
) -> None:
    """Name the garment in live frames until stopped.

    Capture, find the garment, name it, frame after frame; Ctrl-C ends it with a summary.
    """
    if list_cameras:
        from edgefmnist.camera.listing import list_sources
        from edgefmnist.render import cameras

        cameras.show(list_sources(), as_json=jsonl)
        return
    from edgefmnist.camera.loop import CameraConfig
    from edgefmnist.camera.source import SourceConfig, has_password
    from edgefmnist.camera.view import read_view

    if preview is not None:  # before a camera is opened for nothing
        from edgefmnist.camera.preview import check_address

        check_address(preview)
    if adapt is not None and (preview is None or save_uncertain is None):
        raise UsageError(
            "--adapt needs --preview HOST:PORT, the page to label on, and --save-uncertain DIR, "
            "the frames to label"
        )
    if has_password(source) and os.environ.get("EDGEFMNIST_SOURCE") != source:
        from edgefmnist.render import live

        live.show_open_password()
    outputs = OutputsConfig(
        fps=fps,
        source=source,
        jsonl=jsonl,
        every_frame=every_frame,
        log=log,
        log_limit_bytes=byte_count("--log-limit", log_limit),
        preview=preview,
        mqtt=mqtt,
        mqtt_password_file=mqtt_password_file,
        mqtt_ca=mqtt_ca,
        save_uncertain=save_uncertain,
        save_limit_bytes=byte_count("--save-limit", save_limit),
        adapt=adapt,
    )
    wanted = SourceConfig(
        uri=source,
        ca=source_ca,
        size=picture_size("--size", size),
        fps=fps,
        realtime=realtime,
        loop=loop,
        view=read_view(rotate, flip, crop),
    )
    if give_up_after is not None and not 0 <= give_up_after <= _MOST_PATIENCE_S:
        raise UsageError(f"--give-up-after {give_up_after:g}: give seconds, or leave it out")
    config = CameraConfig(frames=frames, give_up_after_s=give_up_after)
    understanding = _Understanding(
        model=model,
        threads=threads,
        unknown_threshold=unknown_threshold,
        learn=learn_background,
        background=background,
    )
    _run(wanted, config, understanding, outputs)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Understanding:
    """The options on how frames are understood."""

    model: str | None
    threads: int
    unknown_threshold: str | None
    learn: bool
    background: Path | None


def _run(
    source: SourceConfig, config: CameraConfig, how: _Understanding, outputs: OutputsConfig
) -> None:
    from edgefmnist.camera.signals import reload_requested, stop_requested

    learned = _learned(outputs.adapt, how.model)
    with (
        reload_requested() as reload_asked,
        # Which may take its time, so that Ctrl-C ends it as ever.
        opened(how.model if learned is None else learned.spec()) as file,
        stop_requested() as should_stop,
    ):
        from edgefmnist.camera.background import refuse_folder
        from edgefmnist.camera.capture import open_capture
        from edgefmnist.camera.loop import run_camera
        from edgefmnist.camera.recognizer import open_recognizer
        from edgefmnist.camera.reloading import ModelRequests, Reloading
        from edgefmnist.render import live
        from edgefmnist.render.console import show_note

        if how.learn or how.background is not None:
            refuse_folder(source.uri)
        with contextlib.closing(
            open_capture(
                source,
                config.give_up_after_s,
                should_stop,
                show_note,
                # A service starts at boot, maybe before its camera, and is not given up.
                waits="NOTIFY_SOCKET" in os.environ,
            )
        ) as capture:
            ground = _background(capture, how, should_stop)
            if should_stop():
                return
            recognizer = open_recognizer(
                file,
                threads=how.threads,
                unknown_threshold=how.unknown_threshold,
                background=ground,
            )
            recognizer.warm_up()  # before anybody is told that the camera is ready
            requests = ModelRequests()
            if outputs.adapt is not None and learned is not None:
                from edgefmnist.camera.labelling.learning import Learning

                learning = Learning(outputs.adapt, learned, requests.ask)
                outputs = dataclasses.replace(outputs, learning=learning)
            sinks = open_outputs(outputs, capture.name, recognizer.model)
            reloading = Reloading(
                spec=how.model if learned is None else learned.spec(),
                threads=how.threads,
                unknown_threshold=how.unknown_threshold,
                asked=reload_asked,
                on_loaded=live.show_loaded,
                on_refused=live.show_refused,
                requests=requests,
            )
            with (
                contextlib.closing(reloading),
                live.view(
                    capture.name,
                    recognizer.model.name,
                    jsonl=outputs.jsonl,
                    every_frame=outputs.every_frame,
                ) as screen,
            ):
                summary = run_camera(
                    config,
                    capture,
                    recognizer,
                    [screen, *sinks],
                    should_stop,
                    live.show_trouble,
                    reloading,
                    live.show_bad_model,
                )
        live.show_summary(summary, jsonl=outputs.jsonl)
    if capture.unreadable:
        raise typer.Exit(BadPicture.exit_code)


def _learned(photos: Path | None, model: str | None) -> LearnedModels | None:
    """The models learned from `photos`; the one in use is sound, or no longer in use."""
    if photos is None:
        return None
    from edgefmnist.camera.labelling.learned import InUse, LearnedModels
    from edgefmnist.errors import BadModel
    from edgefmnist.render import live
    from edgefmnist.runtime.models import resolve

    learned = LearnedModels(photos, model)
    if (name := learned.in_use.name) is not None:
        try:
            resolve(learned.spec())
        except BadModel as error:  # a camera that was left to itself starts all the same
            learned.in_use = InUse(given=model)
            live.show_refused(error, "the one that the command names answers")
        else:
            live.show_learned_model(name, learned.folder)
    return learned


def _background(
    capture: Capture, how: _Understanding, should_stop: Callable[[], bool]
) -> Background | None:
    """What the two options ask for; None for neither. Raises: typer.Exit at a stop meanwhile."""
    from edgefmnist import files
    from edgefmnist.camera import background
    from edgefmnist.render import live

    if not how.learn:
        return None if how.background is None else background.load(how.background)
    target = how.background or background.DEFAULT_FILE
    files.make_folder(target.parent)  # before the work, which takes its time
    with live.learning() as on_progress:
        learned = background.learn(capture, on_progress, should_stop, live.show_status)
    if learned is None:
        live.show_not_learned(target)
        raise typer.Exit(130)  # whatever was to follow needs the file
    background.save(learned, target)
    live.show_learned(target)
    return learned
