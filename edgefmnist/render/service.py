"""What ``edgefmnist service`` tells."""

from __future__ import annotations

import sys

from edgefmnist.errors import one_line
from edgefmnist.render.console import notes, results
from edgefmnist.service.install import Installed, Secrets
from edgefmnist.service.program import Judgement

_DONE = {
    Secrets.MADE: "made, with a token for the preview",
    Secrets.KEPT: "kept as it was",
    Secrets.CLOSED: "kept, but others could read it: change the secrets in it",
}


def show_unit(text: str) -> None:
    """Print a unit file, as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_judgement(judgement: Judgement) -> None:
    """Warn of an installation that the service cannot start, or only by reading home folders."""
    if judgement.refused:
        notes.print(one_line(f"note: {judgement.refused}"), soft_wrap=True)
    elif judgement.home is not None:
        notes.print(
            f"note: {judgement.home} lies in a home folder, so the service may read those; better "
            "install edgefmnist in /opt/edgefmnist",
            soft_wrap=True,
        )


def show_installed(done: Installed) -> None:
    """Tell what was written and what to do next."""
    lines = [
        f"unit     {done.unit}",
        f"secrets  {done.secrets} ({_DONE[done.secrets_are]}; root alone can read it)",
    ]
    if done.trouble:
        lines.append(f"note     {one_line(done.trouble)}")
    lines += [
        "start    sudo systemctl enable --now edgefmnist",
        "watch    systemctl status edgefmnist; journalctl -fu edgefmnist",
        "after a change of options: run this again, then sudo systemctl restart edgefmnist",
    ]
    for line in lines:
        results.print(line, soft_wrap=True)
