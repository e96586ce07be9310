"""What the core install weighs on a device: disk on 64-bit Arm, start and memory on this machine.

usage: python -m benchmarks.device

Takes the locked versions of `requirements/core.txt` and a wheel of this tree: unpacked for aarch64
(Debian 12 and 13, which Raspberry Pi OS is made from), and installed for this machine under
`build/device`, without TensorFlow, matplotlib or the developers' tools. Writes `device.md`; takes
two minutes, more on the first run.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks import pages
from benchmarks.soak import watch
from edgefmnist.cli import reporting_errors
from edgefmnist.environment.watching import Watch

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "device"
LOCK = ROOT / "requirements" / "core.txt"
SUITES = {"Bookworm": ("3.11", "2_36"), "Trixie": ("3.13", "2_40")}
"""Of Debian and Raspberry Pi OS: Python and glibc (of Trixie 2.41, but uv names none newer)."""

INSTALLED_MB, START_S, RESIDENT_MB = 250, 1.5, 160
DECODER_MB = 110  # PyAV, which 64-bit systems get too
STARTS = 20
SETTLE_S = 8.0
_OUTPUTS = ("--jsonl", "--every-frame")


def installed_sizes(site: Path) -> dict[str, int]:
    """Bytes of each distribution in the site-packages folder `site`, the largest first."""
    sizes = {
        one.metadata["Name"]: sum(
            path.stat().st_size
            for file in one.files or ()
            if (path := Path(str(one.locate_file(file)))).is_file()
        )
        for one in metadata.distributions(path=[str(site)])
    }
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def unpack(wheel: Path, python: str, glibc: str, site: Path) -> None:
    """Put `wheel` and its locked dependencies for aarch64 into `site`; nothing of it runs here."""
    words = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(site)]
    words += ["--python-platform", f"aarch64-manylinux_{glibc}", "--python-version", python]
    words += ["--no-deps", "--only-binary", ":all:"]
    # Not from the project's folder, whose own settings for uv are for making lock files.
    subprocess.run([*words, "--require-hashes", "-r", str(LOCK)], check=True, cwd=site)
    subprocess.run([*words, str(wheel)], check=True, cwd=site)


def build_wheel(folder: Path) -> Path:
    """The wheel of this tree."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path) -> Path:
    """Install the core for this machine, and return its ``edgefmnist``."""
    python = PLACE / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PLACE)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    return PLACE / "bin" / "edgefmnist"


def starts(words: Sequence[str]) -> tuple[list[float], int]:
    """Seconds from the start of the process `words` to its first line, and its most memory, bytes.

    The first start, which reads from disk and writes compiled modules, is left out.
    """
    seconds, peak = [], 0
    for _ in range(STARTS + 1):
        begin = time.monotonic()
        child = subprocess.Popen(words, stdout=subprocess.PIPE, env=_environment())
        assert child.stdout is not None
        answer = child.stdout.readline()
        seconds.append(time.monotonic() - begin)
        peak = max(peak, _most_bytes(child.pid))
        child.communicate()
        assert child.returncode == 0 and json.loads(answer)["label"], answer
    assert peak, "no process was there long enough after its answer to be looked at"
    return seconds[1:], peak


def _most_bytes(pid: int) -> int:
    """The most that a process has held until now; 0 where it is gone.

    Not what wait4 tells of it, which counts the memory of whoever started it too.
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def camera(command: Path, source: Sequence[str]) -> Iterator[int]:
    """Run the camera until it has settled, and yield its process."""
    words = [str(command), "camera", *source, *_OUTPUTS]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=_environment())
    try:
        time.sleep(SETTLE_S)
        if child.poll() is not None:
            raise RuntimeError(f"{' '.join(words)} ended with code {child.returncode}")
        yield child.pid
    finally:
        child.terminate()
        child.wait()


def render(command: Path, folder: Path) -> None:
    """Write into `folder` a film of 60 of the demo's frames and its last frame as a picture."""
    script = (
        "import sys, cv2\n"
        "from edgefmnist.camera.sources.demo import open_demo\n"
        "source, folder = open_demo('demo'), sys.argv[1]\n"
        "code = cv2.VideoWriter_fourcc(*'MJPG')\n"
        "film = cv2.VideoWriter(folder + '/film.avi', code, 30, (640, 480))\n"
        "frames = [source.read().pixels for _ in range(60)]\n"
        "[film.write(frame) for frame in frames]\n"
        "film.release()\n"
        "cv2.imwrite(folder + '/frame.png', frames[0])\n"
    )
    subprocess.run([str(command.with_name("python")), "-c", script, str(folder)], check=True)


def _environment() -> dict[str, str]:
    """Without the developer's own settings and paths."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("EDGEFMNIST_", "PYTHON"))
    }


def _disk(wheel: Path) -> str:
    columns = {}
    for suite, (python, glibc) in SUITES.items():
        with tempfile.TemporaryDirectory(prefix="device-") as name:
            unpack(wheel, python, glibc, Path(name))
            columns[f"{suite}, Python {python}"] = installed_sizes(Path(name))
    names = [name for name in next(iter(columns.values())) if _largest(name, columns) >= 1e6]
    rows = [[f"`{name}`", *(_mb(one.get(name, 0)) for one in columns.values())] for name in names]
    rest = [
        sum(size for name, size in one.items() if name not in names) for one in columns.values()
    ]
    totals = [sum(one.values()) for one in columns.values()]
    rows += [
        ["the rest", *map(_mb, rest)],
        ["**together**", *(f"**{_mb(one)}**" for one in totals)],
    ]
    return (
        f"Of the {len(next(iter(columns.values())))} distributions, those of a megabyte and more, "
        f"in MB. At most {INSTALLED_MB}: {_held(max(totals) / 1e6, INSTALLED_MB)}.\n\n"
        + pages.table(["aarch64", *columns], rows)
    )


def _largest(name: str, columns: dict[str, dict[str, int]]) -> int:
    return max(one.get(name, 0) for one in columns.values())


def _start(command: Path, folder: Path) -> str:
    rows = []
    for bundle in ("tiny", "edge", "accurate"):
        words = [command, "predict", folder / "frame.png", "--jsonl", "--model", bundle]
        seconds, peak = starts([str(word) for word in words])
        rows.append(
            [f"`{bundle}`", f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}", _mb(peak)]
        )
    longest = max(float(row[2]) for row in rows)
    return (
        "`edgefmnist predict PICTURE`, start of the process to the answer, "
        f"{STARTS} starts after a first. At most {START_S} s: {_held(longest, START_S)}.\n\n"
        + pages.table(["bundle", "median, s", "longest, s", "most memory, MB"], rows)
    )


def _memory(command: Path, folder: Path) -> str:
    rows, most = [], 0
    for what, source in (
        ("a film at 30 frames a second", (str(folder / "film.avi"), "--realtime", "--loop")),
        ("`demo`, whose scenes are rendered", ("demo",)),
    ):
        with camera(command, ("--source", *source)) as root:
            pids = watch.tree(root)
            sizes = [watch.resident_bytes(group) for group in ([pids[0]], pids[1:], pids)]
        rows.append([what, *map(_mb, sizes)])
        most = max(most, sizes[-1])
    return (
        f"`edgefmnist camera` with `edge`, {SETTLE_S:.0f} s after its start. Together at most "
        f"{RESIDENT_MB} MB: {_held(most / 1e6, RESIDENT_MB)}. A page of a library that both "
        "processes use is in memory once and counts once there.\n\n"
        + pages.table(["source", "loop, MB", "capture, MB", "together, MB"], rows)
    )


def _held(found: float, bound: float) -> str:
    return "it holds" if found <= bound else "**it does not hold**"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"


def main() -> None:
    watching = Watch()
    with tempfile.TemporaryDirectory(prefix="device-") as name:
        folder = Path(name)
        wheel = build_wheel(folder / "wheel")
        command = install(wheel)
        render(command, folder)
        parts = {
            "Disk": _disk(wheel),
            "Start": _start(command, folder),
            "Memory": _memory(command, folder),
        }
    body = "\n\n".join(f"## {head}\n\n{text}" for head, text in parts.items())
    pages.write("device", "What it weighs on a device", body + _NOTE, watching.end())


_NOTE = """

Start and memory are of this machine: **neither is measured on a Pi**, whose libraries are other
builds and whose card is slower. Disk is of the very files that a Pi's pip unpacks.
"""


if __name__ == "__main__":
    sys.exit(reporting_errors(main))
