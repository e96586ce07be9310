"""One run of the command, with everybody at the other ends."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from benchmarks.soak import companions, watch
from benchmarks.soak.watch import Sample

_END_S = 60.0  # for a clean stop after the last frame
_LAST_LINES_S = 2.0
COMMAND = (sys.executable, "-m", "edgefmnist", "camera")
SIZES = {"--log-limit": 10_000_000, "--save-limit": 20_000_000}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where the command's outputs go: a folder for files, ports on this machine."""

    folder: Path
    preview: int
    mqtt: int

    @property
    def written(self) -> dict[str, Path]:
        """What the command writes, by the option that limits its size."""
        return {"--log-limit": self.folder / "log", "--save-limit": self.folder / "saved"}


def outputs(ends: Ends) -> list[str]:
    """Every output that the camera has, in its words."""
    written = ends.written
    return [
        *("--jsonl", "--every-frame"),
        *("--log", str(written["--log-limit"] / "camera.jsonl")),
        *("--log-limit", str(SIZES["--log-limit"])),
        *("--save-uncertain", str(written["--save-limit"])),
        *("--save-limit", str(SIZES["--save-limit"])),
        *("--preview", f"127.0.0.1:{ends.preview}"),
        *("--mqtt", f"mqtt://127.0.0.1:{ends.mqtt}"),
    ]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one run.

    frames, states: events on stdout, and the names of the camera's states. connected_after: frames
    until every companion had received something, 0 where one never did. ages_ms: of each frame
    at the moment of its answer, where they were asked for. samples: of /proc. left: processes that
    outlived the command. received: what each companion counted. written: bytes on disk by the
    option that limits them. failures: of companions, and the last line on stderr of a command that
    failed.
    """

    exit_code: int
    seconds: float
    frames: int
    dropped: int
    connected_after: int
    states: list[str]
    ages_ms: list[float]
    samples: list[Sample]
    left: list[str]
    received: dict[str, int]
    written: dict[str, int]
    failures: list[str]


def run(
    source: Sequence[str],
    frames: int,
    every: int,
    on_progress: Callable[[int, int], None],
    *,
    ages: bool = False,
    command: Sequence[str] = COMMAND,
) -> Run:
    """Let `command` classify `frames` frames of `source`, and look at it after each `every`.

    Then it is told to stop, as a service manager would.

    source: words of the command on where frames come from. ages: note the age of every frame.
    Raises: MissingDependency.
    """
    with tempfile.TemporaryDirectory(prefix="soak-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        for kind in ("log", "saved"):
            (folder / kind).mkdir()
        mqtt = stack.enter_context(companions.broker(folder))
        ends = Ends(folder=folder, preview=companions.free_port(), mqtt=mqtt)
        others = {
            "pictures seen": companions.Viewer(ends.preview),
            "metrics read": companions.Scraper(ends.preview),
            "messages heard": companions.Subscriber(mqtt),
        }
        errors = stack.enter_context((folder / "stderr").open("wb+"))
        words = [*command, *source, *outputs(ends)]
        child = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=errors, env=_without_options(os.environ)
        )
        try:
            follower = _Follower(child, every, ages)
            follower.follow(
                frames, on_progress, lambda: all(other.count for other in others.values())
            )
            for other in others.values():
                other.stop()
            child.terminate()
            # In a thread, as a process that the command left behind would keep its stdout open.
            rest = threading.Thread(target=follower.drain, daemon=True)
            rest.start()
            with contextlib.suppress(subprocess.TimeoutExpired):  # killed below: its code tells
                child.wait(_END_S)
            rest.join(_LAST_LINES_S)
        finally:
            child.kill()
            child.wait()
            for other in others.values():
                other.close()
        failures = [f"{what}: {one}" for what, other in others.items() for one in other.failures]
        if child.returncode:
            errors.seek(0)
            failures += errors.read().decode(errors="replace").strip().splitlines()[-1:]
        return follower.result(
            exit_code=child.returncode,
            received={what: other.count for what, other in others.items()},
            written={option: _size(path) for option, path in ends.written.items()},
            failures=failures,
        )


class _Follower:
    """Reads the command's stdout, and looks at its processes on the way."""

    def __init__(self, child: subprocess.Popen[bytes], every: int, ages: bool) -> None:
        assert child.stdout is not None
        self._pid = child.pid
        self._lines: IO[bytes] = child.stdout
        self._every = every
        self._ages = ages
        self._start = time.monotonic()
        self._frames = 0
        self._connected_after = 0
        self._last = b'{"dropped": 0}'
        self._states: list[str] = []
        self._ages_ms: list[float] = []
        self._samples: list[Sample] = []

    def follow(
        self, total: int, on_progress: Callable[[int, int], None], connected: Callable[[], bool]
    ) -> None:
        """Read until `total` frames were classified, or no more come.

        connected: whether every companion has received something.
        """
        for line in self._lines:
            self._take(line)
            if self._frames % self._every == 0 and b'"event": "state"' not in line:
                seconds = time.monotonic() - self._start
                if not self._connected_after and connected():
                    self._connected_after = self._frames
                self._samples.append(watch.look(self._pid, self._frames, seconds))
                on_progress(self._frames, total)
            if self._frames >= total:
                return

    def drain(self) -> None:
        """Read what comes until the command ends."""
        for line in self._lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        if b'"event": "state"' in line:
            self._states.append(json.loads(line)["state"])
            return
        self._frames += 1
        self._last = line
        if self._ages:
            self._ages_ms.append(_age_ms(json.loads(line)))

    def result(self, **others: Any) -> Run:
        seen = {pid: held.name for one in self._samples for pid, held in one.processes.items()}
        return Run(
            seconds=time.monotonic() - self._start,
            frames=self._frames,
            dropped=json.loads(self._last)["dropped"],
            connected_after=self._connected_after,
            states=self._states,
            ages_ms=self._ages_ms,
            samples=self._samples,
            left=[f"{seen[pid]} ({pid})" for pid in sorted(watch.alive(set(seen)))],
            **others,
        )


def _without_options(environment: Mapping[str, str]) -> dict[str, str]:
    """Nobody's own settings: a token for the page, say."""
    return {name: environment[name] for name in environment if not name.startswith("EDGEFMNIST_")}


def _age_ms(event: dict[str, Any]) -> float:
    """From the moment the frame was received to its answer. `capture_us` is its age when taken."""
    return float(event["capture_us"] + event["preprocess_us"] + event["infer_us"]) / 1000


def _size(folder: Path) -> int:
    return sum(
        os.stat(Path(place) / name).st_size  # noqa: PTH116
        for place, _, names in os.walk(folder)
        for name in names
    )
