"""Putting the unit in its place."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import errno
import os
import secrets
import stat
import subprocess
from pathlib import Path

from edgefmnist import children, files, links
from edgefmnist.errors import MissingDependency, UsageError
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


class Secrets(enum.Enum):
    """What was done with the file of secrets."""

    MADE = enum.auto()
    KEPT = enum.auto()
    CLOSED = enum.auto()
    """It was there, and others could read it: no longer."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What `install` did.

    unit: the file written. secrets: the file of secrets; secrets_are: what was done with it.
    trouble: why systemd does not know the unit yet; empty where it does.
    """

    unit: Path
    secrets: Path
    secrets_are: Secrets
    trouble: str


def install(
    text: str, folder: Path = UNIT_FOLDER, secrets_file: Path = Path(SECRETS_FILE)
) -> Installed:
    """Write the unit `text` and a file for secrets, where there is none, and tell systemd.

    Raises: MissingDependency (there is no systemd), CannotWrite, UsageError (the file of secrets is
    in the hands of others).
    """
    if not folder.is_dir():
        raise MissingDependency(
            f"there is no {folder}: this system is not run by systemd; start edgefmnist camera in "
            "the way it starts its services"
        )
    done = _make_secrets(secrets_file)  # first: where that is refused nothing else changes
    with files.replacing(folder / NAME) as scratch:
        scratch.write_text(text, encoding="utf-8")
        scratch.chmod(0o644)  # also under root's own, narrower umask
    return Installed(
        unit=folder / NAME,
        secrets=secrets_file,
        secrets_are=done,
        trouble=_reload(),
    )


def _make_secrets(path: Path) -> Secrets:
    """Make `path`, readable by its owner alone, or make it so where it is there already.

    Raises: CannotWrite; UsageError where another user could have written it.
    """
    try:
        made = not path.parent.exists()
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        text = _SECRETS.format(token=secrets.token_urlsafe(18))
        with contextlib.suppress(FileExistsError):
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            for changed in (path, path.parent, *[path.parent.parent] * made):
                files.sync(changed)  # else a power cut takes the token, and lets everybody look
            return Secrets.MADE
        return _close(path)
    except OSError as error:
        raise files.cannot_write(path, error) from error


def _close(path: Path) -> Secrets:
    """Let the owner alone read what is there. Raises: OSError, UsageError."""
    real = links.follow(path)
    number = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not links.is_trusted(found) or others_write or links.is_open_to_all(real.parent):
            raise UsageError(
                f"another user can change {path}, which holds the service's options: sudo chown "
                f"root: {path} && sudo chmod go-w {path.parent} {path}, and look what is in it"
            )
        if found.st_mode & 0o077 == 0:
            return Secrets.KEPT
        os.fchmod(number, 0o600)
        return Secrets.CLOSED
    finally:
        os.close(number)


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
