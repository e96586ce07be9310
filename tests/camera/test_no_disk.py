"""A running camera needs no disk: nowhere to write, or no room, it starts and starts again."""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunCli, assert_one_line

# In a name space of our own all file systems are made read-only; a tmpfs of one page is full.
READ_ONLY = """
for place in / /tmp /var/tmp /dev/shm /run; do
    if mountpoint -q "$place"; then mount -o remount,bind,ro "$place" || exit 99; fi
done
mount -t tmpfs -o size=4k none /mnt || exit 99
head -c 8192 /dev/zero > /mnt/full 2>/dev/null
cd "$START" && exec "$@"
"""
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "TMPDIR")}
    return subprocess.run(
        [*UNSHARE, *words],
        env={"START": "/"} | env | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def edgefmnist(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "edgefmnist", *words, **environment)


@pytest.fixture(autouse=True)
def namespaces(tmp_path: Path) -> None:
    done = run("sh", "-c", f"touch {tmp_path}/x; touch /mnt/x; echo x > /mnt/full; df /mnt")
    if done.stderr.count("Read-only file system") != 1:
        pytest.skip("this kernel refuses user and mount namespaces here")


@pytest.mark.parametrize("place", [{"TMPDIR": "/mnt", "HOME": "/mnt"}, {"TMPDIR": "/nowhere"}])
def test_the_pi_camera_starts_again(rpicam: Callable[[str], Path], place: dict[str, str]) -> None:
    rpicam("ends")
    done = edgefmnist(
        *("camera", "--source", "rpicam", "--frames", "5", "--give-up-after", "60"),
        **place,
        STAND_IN_PID="",
    )
    assert done.returncode == 0, done.stderr
    assert "restarting" in done.stderr and "timed out" in done.stderr


def test_a_bare_model_and_the_preview(small_model: Path) -> None:
    done = edgefmnist(
        *("camera", "--source", "demo", "--frames", "3", "--preview", "127.0.0.1:0"),
        *("--model", str(small_model), "--jsonl"),
        START="/mnt",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--log", "/log.jsonl"),
        ("--save-uncertain", "/frames"),
        ("--learn-background",),
    ],
)
def test_what_was_asked_to_be_written_is_refused_in_one_line(
    words: tuple[str, ...],
) -> None:
    done = edgefmnist("camera", "--source", "demo", "--frames", "3", *words)
    assert done.returncode == 2 and "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr and "defect" not in done.stderr


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
def test_without_a_folder_for_temporary_files(shipped_bundle: Path) -> None:
    model = shipped_bundle.parents[1] / "benchmarks" / "models" / "quick" / "model.keras"
    done = edgefmnist("evaluate", str(model))
    assert done.returncode == 2 and "TMPDIR" in done.stderr and done.stderr.count("\n") == 1


def test_frames_under_a_limit_on_the_size_of_files(run_cli: RunCli) -> None:
    """Shared memory counts as a file; a limit that nobody may raise is named."""
    none = (0, 0)
    done = run_cli(
        *("camera", "--source", "demo", "--frames", "1"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, none),
    )
    assert_one_line(done, 6, "ulimit -f", "File too large")
