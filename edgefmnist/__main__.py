"""The console script, and ``python -m edgefmnist``.

Kept apart from `edgefmnist.cli` so that Ctrl-C while that is still being imported ends quietly too.
"""

# ruff: noqa: PTH109, PTH117, PTH118

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and leave with the exit code of whatever happened."""
    try:
        _forget_current_folder()
        _prepare_streams()
        from edgefmnist import first_process

        first_process.do_duties()
        from edgefmnist.cli import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(code)


def _forget_current_folder() -> None:
    """Import nothing and run no program from the folder that the user happens to stand in.

    ``python -m`` puts it first on ``sys.path``; an empty entry in PYTHONPATH, PATH or
    LD_LIBRARY_PATH, as a colon too many leaves it, means it too. Until this is done nothing more
    than `os` and `sys` may be imported.
    """
    try:
        here = os.getcwd()
    except FileNotFoundError:  # it was deleted, and nothing lies in it
        here = "/"
    left_out = []
    if not getattr(sys.flags, "safe_path", False) and sys.path[:1] in ([""], [here]):
        left_out = sys.path[:1]
    for name in ("PYTHONPATH", "PATH", "LD_LIBRARY_PATH"):
        if not (value := os.environ.pop(name, "")):
            continue
        entries = value.split(os.pathsep)
        absolute = [entry for entry in entries if os.path.isabs(entry)]
        if absolute:
            os.environ[name] = os.pathsep.join(absolute)
        if name == "PYTHONPATH":  # whose entries Python has made absolute
            relative = {os.path.normpath(os.path.join(here, entry)) for entry in entries}
            left_out += relative - {*absolute}
    for entry in left_out:
        if entry in sys.path:
            sys.path.remove(entry)


def _prepare_streams() -> None:
    """Make the standard streams fit to be written to, however the process was started."""
    for name in ("COLUMNS", "LINES"):
        if not os.environ.get(name, "1").strip("0"):  # 0: not known, which Rich takes at its word
            del os.environ[name]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # started with it closed (``2>&-``): it leads nowhere
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name may not fit the terminal's encoding
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
