"""The wheel on 64-bit Arm answers as it does here. Nothing here says how fast a Pi is."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.device import DECODER_MB, INSTALLED_MB, installed_sizes
from benchmarks.soak import watch
from edgefmnist import __version__
from tests.conftest import RunCli
from tests.device.conftest import (
    BUNDLES,
    CAMERA,
    FRAMES,
    PICTURES,
    WARDROBE,
    Board,
    answers,
    lines,
)

pytestmark = pytest.mark.arm64


def test_it_starts(board: Board) -> None:
    assert board.check("--version") == f"edgefmnist {__version__}\n"


def test_what_is_installed(board: Board) -> None:
    sizes = installed_sizes(board.site)
    names = {name.lower() for name in sizes}
    assert {"edgefmnist", "ai-edge-litert", "numpy", "opencv-python-headless"} <= names
    assert not names & {"tensorflow", "keras", "matplotlib", "jax", "torch"}
    print("\n".join(f"{size / 1e6:7.1f} MB  {name}" for name, size in list(sizes.items())[:8]))
    decoder = sizes.pop("av")  # which video files and streams need
    assert sum(sizes.values()) <= INSTALLED_MB * 1e6 and decoder <= DECODER_MB * 1e6


def test_the_doctor_finds_nothing_but_what_is_missing_here(board: Board) -> None:
    done = board.run("doctor", "--json")
    assert "Traceback" not in done.stderr
    found = {one["check"]: one for one in json.loads(done.stdout)}
    print("\n".join(f"{one['status']:8} {name}: {one['found']}" for name, one in found.items()))
    for name in ("python", "architecture", "libc", "numpy", "opencv", "runtime", "models"):
        assert found[name]["status"] == "ok", found[name]
    assert "aarch64" in found["architecture"]["found"]
    assert found["inference"]["status"] == "ok" and "ai-edge-litert" in found["inference"]["found"]
    assert "emulated" in found["machine"]["found"]
    assert found["camera"]["status"] == "warning"  # this machine has none


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_answers_to_the_last_bit(board: Board, bundle: str) -> None:
    told = json.loads(board.check("verify", bundle, "--json"))
    print(told)
    assert told["exact"] == told["total"] > 0 and told["largest_step"] == 0
    assert "ai-edge-litert" in told["runtime"] and told["delegate"] == "XNNPACK"


def test_it_learns_and_what_it_learned_holds_here_too(
    board: Board, run_cli: RunCli, tmp_path: Path
) -> None:
    """And the other way round: what was learned here answers there to the last bit."""
    learn = ("--max-forget", "60", "--json", "--out")
    learned = json.loads(
        board.check("adapt", f"/root/{WARDROBE}", *learn, "/root/learned", timeout_s=900)
    )
    print(learned["seconds"], learned["score"])
    assert learned["refused"] is None and "My box" in learned["labels"]
    root = board.userland.folder / "root"
    replayed = json.loads(run_cli("verify", root / "learned", "--json").stdout)
    assert replayed["exact"] == replayed["total"] > 0
    done = run_cli("adapt", root / WARDROBE, *learn, tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    shutil.copytree(tmp_path / "mine", root / "mine", dirs_exist_ok=True)
    told = json.loads(board.check("verify", "/root/mine", "--json"))
    assert told["exact"] == told["total"] > 0


def test_pictures_are_named_as_they_are_here(
    board: Board, here: dict[str, list[tuple[Any, ...]]]
) -> None:
    told = answers(lines(board.check("predict", f"/root/{PICTURES}", "--jsonl")))
    assert len(told) == 12 and len({label for label, _ in told}) >= 4
    assert told == here["predict"]


def test_the_camera_runs_and_sees_what_it_sees_here(
    board: Board, here: dict[str, list[tuple[Any, ...]]]
) -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    peak = 0
    with board.userland.start(board.core, board.command(*CAMERA), **pipes) as child:
        while child.poll() is None:  # its few lines fit into the pipes
            peak = max(peak, watch.resident_bytes(watch.tree(child.pid)))
            time.sleep(0.5)
        out, err = child.communicate()
    print(f"most memory, looked at twice a second, qemu's own included: {peak / 1e6:.0f} MB")
    assert child.returncode == 0, err
    told = answers(lines(out))
    assert len(told) == FRAMES
    assert told == here["camera"]
    assert 50e6 < peak < 1e9


def test_bench_runs_and_says_that_its_times_mean_nothing(board: Board) -> None:
    told = json.loads(board.check("bench", "--quick", "--json", timeout_s=600))
    environment = told["environment"]
    assert "qemu" in environment["emulator"]
    assert any("emulated" in one["what"] for one in environment["judgements"]), environment
