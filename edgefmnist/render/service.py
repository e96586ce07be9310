"""What ``edgefmnist service`` tells."""

from __future__ import annotations

import sys
from pathlib import Path

from edgefmnist.errors import one_line
from edgefmnist.render.console import notes, results
from edgefmnist.service.install import Installed


def show_unit(text: str) -> None:
    """Print a unit file, as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_home(path: Path) -> None:
    """Warn that the service would be started from a home folder."""
    notes.print(
        one_line(
            f"note: {path} lies in a home folder, so the service may read those; better install "
            "edgefmnist in /opt/edgefmnist"
        ),
        soft_wrap=True,
    )


def show_installed(done: Installed) -> None:
    """Tell what was written and what to do next."""
    kept = "made, with a token for the preview" if done.new_secrets else "kept as it was"
    lines = [f"unit     {done.unit}", f"secrets  {done.secrets} ({kept}; root alone can read it)"]
    if done.trouble:
        lines.append(f"note     {one_line(done.trouble)}")
    lines += [
        "start    sudo systemctl enable --now edgefmnist",
        "watch    systemctl status edgefmnist; journalctl -fu edgefmnist",
        "after a change of options: run this again, then sudo systemctl restart edgefmnist",
    ]
    for line in lines:
        results.print(line, soft_wrap=True)
