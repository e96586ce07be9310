"""What a process and all below it hold, read from /proc."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one process holds. rss_bytes: resident memory, shared pages included."""

    name: str
    rss_bytes: int
    files: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The tree of processes after so many frames; processes: by id, the first is the root."""

    frames: int
    seconds: float
    processes: dict[int, Held]

    @property
    def rss_bytes(self) -> int:
        """Of all processes; pages that two of them share count twice."""
        return sum(held.rss_bytes for held in self.processes.values())

    def rss_of(self, name: str) -> int:
        """Of the processes called `name`."""
        return sum(held.rss_bytes for held in self.processes.values() if held.name == name)

    @property
    def files(self) -> int:
        """Open in all processes."""
        return sum(held.files for held in self.processes.values())


def tree(root: int) -> list[int]:
    """`root` and all processes below it that run."""
    found = []
    with contextlib.suppress(OSError):  # ended meanwhile
        for task in (_PROC / str(root) / "task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
        found.insert(0, root)
    return found


def look(root: int, frames: int, seconds: float) -> Sample:
    """Read the whole tree now. A process that ends meanwhile is left out."""
    processes = {}
    for pid in tree(root):
        with contextlib.suppress(OSError, StopIteration):
            processes[pid] = _held(_PROC / str(pid))
    return Sample(frames=frames, seconds=seconds, processes=processes)


def resident_bytes(pids: Iterable[int]) -> int:
    """What all `pids` together hold in memory, a file's page that several map counted once.

    Counted as if they mapped the same pages of each part of a file, so a little less than the truth
    where they read different ones. A process that ends meanwhile is left out.
    """
    own = 0
    of_files: dict[str, int] = collections.Counter()
    for pid in pids:
        smaps = ""
        with contextlib.suppress(OSError):
            smaps = (_PROC / str(pid) / "smaps").read_text()
        for part, rss, anonymous in _mappings(smaps):
            own += anonymous
            of_files[part] = max(of_files[part], rss - anonymous)
    return own + sum(of_files.values())


def _mappings(smaps: str) -> Iterator[tuple[str, int, int]]:
    """Device, file and place in it; resident bytes; those of them that are no file's (proc(5))."""
    part = ""
    rss = 0
    for line in smaps.splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            part = " ".join(words[2:5])
        elif words[0] == "Rss:":
            rss = int(words[1]) * 1024
        elif words[0] == "Anonymous:":
            yield part, rss, int(words[1]) * 1024


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that still run; a zombie does not."""
    return {pid for pid in pids if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    return ""


def _held(folder: Path) -> Held:
    # VmRSS of `status` is kept up only now and then in a process with threads; this is counted now.
    lines = (folder / "smaps_rollup").read_text().splitlines()
    rss = next(line for line in lines if line.startswith("Rss:"))
    return Held(
        name=_name((folder / "cmdline").read_bytes().split(b"\0")),
        rss_bytes=int(rss.split()[1]) * 1024,
        files=len(os.listdir(folder / "fd")),  # noqa: PTH208 (names alone)
    )


def _name(words: list[bytes]) -> str:
    """What a process is to a reader of the page."""
    line = b" ".join(words)
    for mark, name in (
        (b"edgefmnist.camera.capture", "capture"),
        (b"edgefmnist camera", "camera"),
    ):
        if mark in line:
            return name
    return Path(os.fsdecode(words[0])).name
