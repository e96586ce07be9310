"""What all plots have in common."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from edgefmnist import files
from edgefmnist.errors import MissingDependency, UsageError, printable
from edgefmnist.frameworks import INSTALL


def check_plot(path: Path) -> None:
    """See, before the work that takes its time, that a PNG can be drawn and written to `path`.

    Raises: UsageError (not a .png), MissingDependency without matplotlib, CannotWrite.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"--plot {path}: the name must end in .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependency(f"--plot needs matplotlib: {INSTALL}")
    files.check_target(path)


def label(name: str) -> str:
    """`name` for a plot, where what stands between two dollar signs would be a formula."""
    return printable(name).replace("$", r"\$")
