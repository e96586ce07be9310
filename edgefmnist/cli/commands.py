"""The commands by name: each is imported and built when it is asked for.

Typer builds every command with all of its options before it reads the first word: a third of what
``--help`` takes, and time that each command would spend on the others.
"""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

NAMES = (
    "data",
    "train",
    "sweep",
    "quantize",
    "calibration",
    "layers",
    "export",
    "evaluate",
    "bench",
    "camera",
    "adapt",
    "predict",
    "verify",
    "doctor",
    "service",
)
"""In the order of the help screen. Each is a module of this package with a function of that name,
or with an `app` of several commands."""


def build(name: str) -> Command:
    """The command `name`, one of `NAMES`, as Typer parses it."""
    module = importlib.import_module(f"edgefmnist.cli.{name}")
    if hasattr(module, "app"):
        return typer.main.get_command(module.app)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(getattr(module, name))
    return typer.main.get_command(single)


class Commands(TyperGroup):
    """The group of all `NAMES`."""

    def __init__(self, **given: Any) -> None:
        """given: by Typer, which knows no command."""
        super().__init__(**given)
        self.commands = dict.fromkeys(NAMES, TyperCommand(""))  # it suggests one of its keys

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of that name, None where there is none."""
        return build(cmd_name) if cmd_name in NAMES else None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what each is for, which takes none of their options."""
        bare = {name: TyperCommand(name, help=_purpose(name)) for name in NAMES}
        TyperGroup(commands={**bare}).format_commands(ctx, formatter)


def _purpose(name: str) -> str:
    module = importlib.import_module(f"edgefmnist.cli.{name}")
    if hasattr(module, "app"):
        return str(module.app.info.help)
    return str(inspect.getdoc(getattr(module, name)))
