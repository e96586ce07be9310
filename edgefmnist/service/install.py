"""Putting the unit in its place."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import subprocess
from pathlib import Path

from edgefmnist import children, files
from edgefmnist.errors import MissingDependency, UsageError
from edgefmnist.service.program import closed_part
from edgefmnist.service.unit import NAME, SECRETS_FILE

UNIT_FOLDER = Path("/etc/systemd/system")
_RUNS = Path("/run/systemd/system")  # there where systemd is process 1: sd_booted(3)
_RELOAD_S = 60.0

_SECRETS = """\
# Secrets and options of edgefmnist.service, read at its start: systemctl restart edgefmnist
EDGEFMNIST_PREVIEW_TOKEN={token}
#EDGEFMNIST_MQTT_PASSWORD=
#EDGEFMNIST_UNKNOWN_THRESHOLD=0.8
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What `install` did.

    unit: the file written. secrets: the file of secrets; new_secrets: whether it was made now.
    trouble: why systemd does not know the unit yet; empty where it does.
    """

    unit: Path
    secrets: Path
    new_secrets: bool
    trouble: str


def check_readable(paths: tuple[Path, ...]) -> None:
    """See that the service's own user can read what it is made of.

    Raises: UsageError with the way out.
    """
    for path in paths:
        closed = closed_part(path)
        if closed is not None:
            raise UsageError(
                f"the service's own user cannot read {path}, as {closed} is closed to it: install "
                "edgefmnist where everybody can read it (sudo python3 -m venv /opt/edgefmnist && "
                "sudo /opt/edgefmnist/bin/pip install ...), then run "
                "sudo /opt/edgefmnist/bin/edgefmnist service install"
            )


def install(
    text: str, folder: Path = UNIT_FOLDER, secrets_file: Path = Path(SECRETS_FILE)
) -> Installed:
    """Write the unit `text` and a file for secrets, where there is none, and tell systemd.

    Raises: MissingDependency (there is no systemd), CannotWrite.
    """
    if not folder.is_dir():
        raise MissingDependency(
            f"there is no {folder}: this system is not run by systemd; start edgefmnist camera in "
            "the way it starts its services"
        )
    files.write_text(folder / NAME, text)
    (folder / NAME).chmod(0o644)  # also under root's own, narrower umask
    return Installed(
        unit=folder / NAME,
        secrets=secrets_file,
        new_secrets=_make_secrets(secrets_file),
        trouble=_reload(),
    )


def _make_secrets(path: Path) -> bool:
    """Write `path`, readable by its owner alone, unless it is there. Raises: CannotWrite."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _SECRETS.format(token=secrets.token_urlsafe(18))
        with contextlib.suppress(FileExistsError):
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            return True
    except OSError as error:
        raise files.cannot_write(path, error) from error
    return False


def _reload() -> str:
    if not _RUNS.is_dir():
        return "systemd does not run here; it will know the service once it does"
    try:
        done = subprocess.run(
            ["systemctl", "daemon-reload"],
            env=children.environment(),
            capture_output=True,
            text=True,
            timeout=_RELOAD_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"systemctl daemon-reload failed: {error}"
    if done.returncode:
        return f"systemctl daemon-reload failed: {done.stderr.strip() or done.returncode}"
    return ""
