"""``edgefmnist service``: the camera as a systemd service."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgefmnist.cli.commands import build
from edgefmnist.cli.options import byte_count, picture_size
from edgefmnist.errors import UsageError

if TYPE_CHECKING:
    from edgefmnist.service.options import Option
    from edgefmnist.service.unit import UnitConfig

app = typer.Typer(
    name="service",
    add_completion=False,
    help="Run the camera as a systemd service, from boot on, watched and confined.",
    rich_markup_mode=None,
)

# The camera's options are passed on, with two dashes before them or without.
_PASSED_ON = {"ignore_unknown_options": True}

CameraOptions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CAMERA_OPTION",
        help="Options of edgefmnist camera, such as: -- --source rpicam --preview 0.0.0.0:8080",
    ),
]

_NOT_FOR_A_SERVICE = {
    "list_cameras": "lists and ends",
    "frames": "ends, and a service would start again",
    "learn_background": "would learn at every start: do it once by hand, then give --background",
}
_KINDS = {
    "background": "READ",
    "mqtt_ca": "READ",
    "source_ca": "READ",
    "mqtt_password_file": "SECRET",
    "log": "WRITTEN",
    "save_uncertain": "WRITTEN",
    "adapt": "WRITTEN",
    "preview": "ADDRESS",
}


@app.command("print", context_settings=_PASSED_ON)
def print_unit(options: CameraOptions = None) -> None:
    """Print the unit file on stdout."""
    from edgefmnist.render import service as view
    from edgefmnist.service.program import judge
    from edgefmnist.service.unit import unit_text

    config = _config(options or [])
    text = unit_text(config)
    view.show_judgement(judge(config.program))
    view.show_unit(text)


@app.command(context_settings=_PASSED_ON)
def install(options: CameraOptions = None) -> None:
    """Write the unit file to /etc/systemd/system and tell systemd; needs root.

    Also makes /etc/edgefmnist/camera.env, for secrets, where there is none.
    """
    from edgefmnist.render import service as view
    from edgefmnist.service import install as stage
    from edgefmnist.service.program import judge
    from edgefmnist.service.unit import unit_text

    config = _config(options or [])
    if os.geteuid() != 0:
        words = shlex.join([*config.program, "service", "install", *(options or [])])
        raise UsageError(f"only root can install a service: sudo {words}")
    judgement = judge(config.program)
    if judgement.refused:
        raise UsageError(judgement.refused)
    view.show_judgement(judgement)
    view.show_installed(stage.install(unit_text(config)))


def _config(words: list[str]) -> UnitConfig:
    """What the unit runs. Raises: UsageError, TyperException."""
    from edgefmnist.service.options import for_service
    from edgefmnist.service.program import find_program, judge
    from edgefmnist.service.unit import UnitConfig

    options = for_service(_parsed(words))
    program = find_program()
    return UnitConfig(
        program=program,
        options=options.words,
        credentials=options.credentials,
        home=judge(program).home,
    )


def _parsed(words: list[str]) -> list[Option]:
    """The options given, read as ``edgefmnist camera`` reads them, so that a typo shows now."""
    from edgefmnist.service.options import Kind, Option

    command = build("camera")
    try:
        context = command.make_context("edgefmnist camera", list(words))
    except typer.TyperException as error:  # which may not know whose option it is
        reason = error.format_message().rstrip(".?")
        raise UsageError(f"{reason}. See edgefmnist camera --help.") from error
    found = []
    for parameter in command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        option = parameter.opts[0]
        if name in _NOT_FOR_A_SERVICE:
            raise UsageError(f"{option} is not for a service: it {_NOT_FOR_A_SERVICE[name]}")
        _check_value(name, option, value)
        kind = Kind.FLAG if value is True else Kind[_kind(name, value)]
        text = f"{value:g}" if isinstance(value, float) else str(value)
        found.append(Option(name=option, kind=kind, value=text))
    return found


def _check_value(name: str, option: str, value: Any) -> None:
    """What the camera itself looks at only once it runs."""
    from edgefmnist.camera.view import read_view
    from edgefmnist.runtime.models import resolve

    if name == "source":
        from edgefmnist.camera.source import has_password
        from edgefmnist.service.unit import SECRETS_FILE

        if has_password(value):
            raise UsageError(
                "--source: no password in the options of a service, where every user of this "
                f"machine can read it: put the line EDGEFMNIST_SOURCE=ADDRESS into {SECRETS_FILE} "
                "and leave --source out"
            )
    elif name in ("log_limit", "save_limit"):
        byte_count(option, value)
    elif name == "size":
        picture_size(option, value)
    elif name in ("rotate", "flip", "crop"):
        read_view(**{"rotate": None, "flip": None, "crop": None, name: value})
    elif name == "model":
        resolve(value)
    elif name == "preview":
        from edgefmnist.camera.preview import check_address

        check_address(value)
    elif name == "mqtt":  # also refuses a password, which everybody could read in the unit
        from edgefmnist.camera.sinks.mqtt.broker import read_broker

        read_broker(value, None, None)


def _kind(name: str, value: Any) -> str:
    """The name of a `Kind`: a source or model may also be a file."""
    if name in ("source", "model"):
        from edgefmnist.runtime.models import shipped

        is_file = value not in shipped() and not value.startswith("/dev/") and Path(value).exists()
        return "READ" if is_file else "TEXT"
    return _KINDS.get(name, "TEXT")
