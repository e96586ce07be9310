"""What the service starts, and whether its user can read it."""

from __future__ import annotations

import dataclasses
import os
import stat
import sys
import sysconfig
from pathlib import Path

import edgefmnist

HOMES = ("/home", "/root", "/run/user")
"""Folders that ``ProtectHome=`` is about."""


def find_program() -> tuple[str, ...]:
    """The words that start this very installation, the first an absolute path."""
    script = Path(sysconfig.get_path("scripts")) / "edgefmnist"
    if os.access(script, os.X_OK):
        return (str(script),)
    return (sys.executable, "-I", "-m", "edgefmnist")


def program_paths(program: tuple[str, ...]) -> tuple[Path, ...]:
    """What must be readable for `program` to run: itself, Python and the package."""
    return (Path(program[0]), Path(sys.executable), Path(edgefmnist.__file__))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a service makes of an installation.

    home: what of it lies in a home folder, which the service must then see. refused: why its user
    cannot start it, and the way out; empty where it can.
    """

    home: Path | None
    refused: str


def judge(program: tuple[str, ...]) -> Judgement:
    """Look at what `program` needs, in the eyes of the service's own user."""
    paths = program_paths(program)
    refused = ""
    for path in paths:
        closed = closed_part(path)
        if closed is not None:
            refused = (
                f"the service's own user cannot read {path}, as {closed} is closed to it: install "
                "edgefmnist where everybody can read it (sudo python3 -m venv /opt/edgefmnist && "
                "sudo /opt/edgefmnist/bin/pip install ...), then run "
                "sudo /opt/edgefmnist/bin/edgefmnist service install"
            )
            break
    return Judgement(home=next(filter(in_home, paths), None), refused=refused)


def in_home(path: Path) -> bool:
    """Whether `path`, or what it links to, lies in somebody's home folder."""
    return any(one.is_relative_to(home) for one in (path, path.resolve()) for home in HOMES)


def closed_part(path: Path) -> Path | None:
    """The first folder on the way to `path`, or `path`, that other users may not read.

    Links are followed: both the way to the link and the way to what it names count. None: all may
    be read. A file that is not there is its own closed part.
    """
    for way in (path.absolute(), path.resolve()):
        for part in (*reversed(way.parents), way):
            try:
                mode = part.stat().st_mode
            except OSError:
                return part
            # Going through a folder takes execution, reading a file takes reading.
            if not mode & (stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH):
                return part
    return None
