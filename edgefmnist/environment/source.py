"""The seam through which a machine is read."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.metadata
import io
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgefmnist import children
from edgefmnist.quiet import silenced_stderr

_TOOL_S = 15.0  # on a Zero, whose first look at its cameras takes seconds


def _vcgencmd(words: str) -> str:
    """What the firmware's tool prints; empty where it is not installed or fails."""
    command = ["vcgencmd", *words.split()]
    try:
        done = subprocess.run(
            command,
            env=children.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TOOL_S,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _run(words: tuple[str, ...]) -> str | None:
    """What a tool prints, whatever its exit code; None where it is not installed."""
    if shutil.which(words[0]) is None:
        return None
    try:
        done = subprocess.run(
            words,
            env=children.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_TOOL_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"{words[0]} failed: no answer in {_TOOL_S:.0f} s"
    except (OSError, subprocess.SubprocessError) as error:
        return f"{words[0]} failed: {error}"
    return done.stdout.strip()


def _load(module: str) -> Any:
    """Import a module; what it has to say about that stays off the terminal.

    OpenCV and NumPy print where their import fails: native code to stderr, Python also to stdout.
    """
    with silenced_stderr(), contextlib.redirect_stdout(io.StringIO()):
        return importlib.import_module(module)


def _version(package: str) -> str:
    """Version of an installed package; empty where it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _is_closed(path: Path) -> bool:
    """Whether this user may not read and write `path`."""
    return not os.access(path, os.R_OK | os.W_OK)


def _free_bytes(path: Path) -> int | None:
    """Free bytes of the file system that `path`, or the nearest folder above it, lies on."""
    for place in (path, *path.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a machine is read from.

    root: where ``proc``, ``sys``, ``dev`` and ``etc`` are found.
    architecture: what the kernel says programs run on. vcgencmd: given its words, returns what the
        Raspberry Pi's tool prints, else "".
    run: given the words of a tool's command, returns what it prints; None where it is not there.
    load: imports a module, or raises what its import raises. version: of a package, or "".
    is_closed: whether this user may not read and write a path. free_bytes: of its file system.
    python, pointer_bits, libc: of this process. groups: ids of those that this process is in.
    """

    root: Path = Path("/")
    architecture: str = platform.machine()
    vcgencmd: Callable[[str], str] = _vcgencmd
    run: Callable[[tuple[str, ...]], str | None] = _run
    load: Callable[[str], Any] = _load
    version: Callable[[str], str] = _version
    is_closed: Callable[[Path], bool] = _is_closed
    free_bytes: Callable[[Path], int | None] = _free_bytes
    python: tuple[int, int, int] = sys.version_info[:3]
    pointer_bits: int = 8 * struct.calcsize("P")
    libc: str = dataclasses.field(default_factory=lambda: " ".join(platform.libc_ver()).strip())
    groups: frozenset[int] = dataclasses.field(
        default_factory=lambda: frozenset({os.getegid(), *os.getgroups()})
    )

    def text(self, path: str) -> str:
        """Contents of a file under root without blanks around it; "" where it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def number(self, path: str) -> int | None:
        """The whole number in a file under root; None where there is none."""
        found = self.text(path)
        return int(found) if re.fullmatch(r"-?[0-9]{1,18}", found) else None

    def each(self, pattern: str) -> list[str]:
        """Paths under root that match, sorted."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.glob(pattern))

    def place(self, path: Path) -> Path:
        """An absolute path as it lies under root."""
        return self.root / path.relative_to(path.anchor)
