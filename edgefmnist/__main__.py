"""The console script, and ``python -m edgefmnist``.

Kept apart from `edgefmnist.cli` so that Ctrl-C while that is still being imported ends quietly too.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and leave with the exit code of whatever happened."""
    try:
        _prepare_streams()
        from edgefmnist.cli import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(code)


def _prepare_streams() -> None:
    """Make the standard streams fit to be written to, however the process was started."""
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
