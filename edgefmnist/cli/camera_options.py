"""The options of ``edgefmnist camera``, by what they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# What frames come from.

SourceOption = Annotated[
    str,
    typer.Option(
        envvar="EDGEFMNIST_SOURCE",
        help="auto, demo, demo:SEED, demo:fixed, rpicam, picamera2, /dev/videoN or a link to it, "
        "N, a video, a picture, a folder of pictures, or an http(s)://, rtsp:// or tcp:// stream.",
    ),
]

SourceCaOption = Annotated[
    Path | None,
    typer.Option(
        "--source-ca",
        metavar="FILE",
        envvar="EDGEFMNIST_SOURCE_CA",
        help="Certificate (PEM) of an https:// camera that made its own, or of its authority.",
    ),
]

SizeOption = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="WIDTHxHEIGHT",
        envvar="EDGEFMNIST_SIZE",
        help="Ask the camera for frames of this size, such as 640x480.",
    ),
]

FpsOption = Annotated[
    float | None,
    typer.Option(
        "--fps",
        min=0.001,
        max=1000,
        envvar="EDGEFMNIST_FPS",
        help="Ask the camera for this many frames a second. For a network stream: how many it "
        "sends, if it is one picture in 15 seconds or fewer.",
    ),
]

RealtimeOption = Annotated[
    bool,
    typer.Option(
        "--realtime", help="Play a video file or the demo at its own speed, as a camera would."
    ),
]

LoopOption = Annotated[
    bool, typer.Option("--loop", help="Play a video file or a folder again and again.")
]

ListOption = Annotated[
    bool, typer.Option("--list", help="Show the cameras that are there, and end.")
]

# How long.

FramesOption = Annotated[
    int | None, typer.Option(min=1, help="Stop after this many frames classified.")
]

GiveUpOption = Annotated[
    float | None,
    typer.Option(
        "--give-up-after",
        metavar="SECONDS",
        min=1,
        envvar="EDGEFMNIST_GIVE_UP_AFTER",
        help="End with exit code 6 when no good frame came for so long. By default only a camera "
        "that never gave one ends the run; a camera lost later is waited for.",
    ),
]

# How frames are understood.

ThreadsOption = Annotated[
    int,
    typer.Option(min=1, max=256, envvar="EDGEFMNIST_THREADS", help="Threads of the classifier."),
]

LearnOption = Annotated[
    bool,
    typer.Option(
        "--learn-background",
        help="For a camera that stands still: learn the empty scene from the first frames and "
        "save it in the --background file, by default background.npz.",
    ),
]

BackgroundOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="EDGEFMNIST_BACKGROUND",
        dir_okay=False,
        help="The learned background, which then finds the garment instead of a search.",
    ),
]

# Where the answers go.

JsonlOption = Annotated[
    bool,
    typer.Option(
        "--jsonl", help="Print one JSON object on stdout for each change of label or camera state."
    ),
]

EveryFrameOption = Annotated[
    bool,
    typer.Option("--every-frame", help="In --jsonl and --log, one object for every frame too."),
]

LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log",
        metavar="FILE",
        envvar="EDGEFMNIST_LOG",
        dir_okay=False,
        help="Append what --jsonl prints to FILE, which is renamed FILE.1 when it is full.",
    ),
]

LogLimitOption = Annotated[
    str,
    typer.Option(
        "--log-limit",
        metavar="SIZE",
        envvar="EDGEFMNIST_LOG_LIMIT",
        help="Size of the --log files together, such as 500KB or 20MB.",
    ),
]

PreviewOption = Annotated[
    str | None,
    typer.Option(
        "--preview",
        metavar="HOST:PORT",
        envvar="EDGEFMNIST_PREVIEW",
        help="Serve a page with the live picture and what the model makes of it. HOST left out is "
        "this machine alone; any other asks for a token (EDGEFMNIST_PREVIEW_TOKEN).",
    ),
]

AdaptOption = Annotated[
    Path | None,
    typer.Option(
        "--adapt",
        metavar="PHOTOS",
        envvar="EDGEFMNIST_ADAPT",
        file_okay=False,
        help="Label what --save-uncertain keeps on a second page of --preview: each frame moves "
        "into the folder of its class below PHOTOS.",
    ),
]

MqttOption = Annotated[
    str | None,
    typer.Option(
        "--mqtt",
        metavar="URL",
        envvar="EDGEFMNIST_MQTT",
        help="Publish label and state: mqtt[s]://[USER@]HOST[:PORT][/TOPIC]. The password comes "
        "from EDGEFMNIST_MQTT_PASSWORD or --mqtt-password-file.",
    ),
]

MqttPasswordOption = Annotated[
    Path | None,
    typer.Option(
        "--mqtt-password-file",
        metavar="FILE",
        envvar="EDGEFMNIST_MQTT_PASSWORD_FILE",
        help="File whose first line is the broker's password.",
    ),
]

MqttCaOption = Annotated[
    Path | None,
    typer.Option(
        "--mqtt-ca",
        metavar="FILE",
        envvar="EDGEFMNIST_MQTT_CA",
        help="Certificate (PEM) that the broker's is checked by, if not one of the system's.",
    ),
]

SaveOption = Annotated[
    Path | None,
    typer.Option(
        "--save-uncertain",
        metavar="DIR",
        envvar="EDGEFMNIST_SAVE_UNCERTAIN",
        file_okay=False,
        help="Keep frames with a low score and frames at which the label changed, each with a "
        "JSON file, for the next training.",
    ),
]

SaveLimitOption = Annotated[
    str,
    typer.Option(
        "--save-limit",
        metavar="SIZE",
        envvar="EDGEFMNIST_SAVE_LIMIT",
        help="Size of what --save-uncertain keeps, such as 250MB; the oldest goes first.",
    ),
]
