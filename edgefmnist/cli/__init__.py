"""The command line: each module parses one command and hands its work to one stage.

`commands` knows their names, and which module has which.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from edgefmnist import files
from edgefmnist.cli.commands import Commands
from edgefmnist.errors import BadInput, EdgeFmnistError, UsageError, one_line
from edgefmnist.quiet import lead_nowhere

app = typer.Typer(
    name="edgefmnist",
    cls=Commands,
    help="From Fashion-MNIST to a clothes classifier on a Raspberry Pi camera.",
    add_completion=False,
    # Rich help screens cost 0.15 s at every --help; plain ones start at once on a Pi.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from edgefmnist import __version__

        typer.echo(f"edgefmnist {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """From Fashion-MNIST to a clothes classifier on a Raspberry Pi camera."""


def run() -> int:
    """Run the command line of ``sys.argv``; returns its exit code."""
    arguments = sys.argv[1:] or ["--help"]
    return reporting_errors(lambda: app(arguments, prog_name="edgefmnist", standalone_mode=False))


def reporting_errors(action: Callable[[], int | None]) -> int:
    """Do `action`; whatever goes wrong is one line on stderr and an exit code.

    Returns: what `action` did or 0; else the code of the failure (`edgefmnist.errors`; 130 after
    Ctrl-C).
    """
    try:
        return action() or 0
    except EdgeFmnistError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:  # wrong options and arguments, in Typer's words
        words = error.format_message().rstrip(".?")
        context = getattr(error, "ctx", None)  # of the command that did not understand
        command = _command_named() if context is None else context.command_path
        return _fail(f"{words}. See {command} --help.", error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except (BrokenPipeError, SystemExit) as error:
        # `edgefmnist ... | head` closed the pipe, which Typer and Rich turn into SystemExit.
        if not any(isinstance(one, BrokenPipeError) for one in (error, error.__context__)):
            raise
        lead_nowhere(sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unforeseen(error)


def _command_named() -> str:
    """The command that the words begin with, for errors that do not know theirs."""
    group: Any = typer.main.get_command(app)
    path = [str(app.info.name)]
    for word in sys.argv[1:]:
        group = group.get_command(None, word) if hasattr(group, "get_command") else None
        if group is None:
            break
        path.append(word)
    return " ".join(path)


def _unforeseen(error: Exception) -> int:
    if isinstance(error, OSError) and files.is_full(error):
        full = files.cannot_write(error.filename or "standard output", error)
        return _fail(str(full), full.exit_code)
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return _fail("too many files are open: allow more with ulimit -n", UsageError.exit_code)
    if isinstance(error, OSError) and (nowhere := files.no_temporary_folder()):
        return _fail(str(nowhere), nowhere.exit_code)
    if isinstance(error, OSError) and error.filename is not None:
        return _fail(f"{error.filename} cannot be used: {error.strerror}", BadInput.exit_code)
    if isinstance(error, UnicodeEncodeError) and sys.getfilesystemencoding() == "ascii":
        name = ascii(error.object)
        return _fail(
            f"{name} is no name in an ASCII locale: set LC_ALL=C.UTF-8", BadInput.exit_code
        )
    if os.environ.get("EDGEFMNIST_TRACEBACK"):
        raise error
    return _fail(
        f"a defect in edgefmnist: {type(error).__name__}: {error}; "
        "run again with EDGEFMNIST_TRACEBACK=1 and report what it prints",
        EdgeFmnistError.exit_code,
    )


def _fail(message: str, code: int) -> int:
    try:
        print(f"edgefmnist: {one_line(message)}", file=sys.stderr, flush=True)
    except OSError:  # nobody reads stderr, or its disk is full: the code still tells
        lead_nowhere(sys.stderr.fileno())
    return code
