"""The runtime of 32-bit Raspberry Pi OS, tflite-runtime 2.14 on NumPy 1, on 64-bit Arm.

No 32-bit userland is run: the wheels for armv7l are of another make.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgefmnist.runtime import golden
from edgefmnist.runtime.models import resolve
from tests.device import userland
from tests.device.conftest import (
    BUNDLES,
    CAMERA,
    FRAMES,
    PICTURES,
    Board,
    answers,
    chosen,
    lines,
)
from tests.device.userland import ROOT, Userland

pytestmark = pytest.mark.arm64

VENV = "/opt/legacy"
CORE = "cortex-a72"
TESTS = ("tests/runtime", "tests/camera/test_tracker.py", "tests/camera/test_recognizer.py")


@pytest.fixture(scope="module")
def legacy(wheel: Path, pictures: Path) -> Board:
    """Bookworm, whose Python 3.11 is the last that it has wheels for, with that runtime."""
    if "bookworm" not in chosen("SUITES", userland.SUITES):
        pytest.skip("tflite-runtime ends at Python 3.11, which is Bookworm's")
    made = userland.make("bookworm")
    made.install(VENV, ROOT / "requirements" / "legacy.txt", wheel)
    shutil.copytree(pictures, made.folder / "root" / PICTURES, dirs_exist_ok=True)
    return Board(userland=made, core=CORE, venv=VENV)


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_answers_within_the_bound(legacy: Board, bundle: str) -> None:
    told = json.loads(legacy.check("verify", bundle, "--json"))
    print(f"{bundle}: largest step {told['largest_step']:.0f} of {told['bound']}")
    assert told["runtime"] == "tflite-runtime 2.14.0"
    assert told["bound"] == golden.STEPS >= told["largest_step"]
    _, released = golden.read(resolve(bundle))
    assert told["total"] == 50 >= told["same_label"] >= 50 - golden.tied(released).sum()


def test_pictures_are_named_as_by_litert(legacy: Board, here: dict[str, list[object]]) -> None:
    assert answers(lines(legacy.check("predict", PICTURES, "--jsonl"))) == here["predict"]


def test_the_camera_runs(legacy: Board, here: dict[str, list[object]]) -> None:
    told = answers(lines(legacy.check(*CAMERA)))
    assert len(told) == FRAMES
    same = sum(one == other for one, other in zip(told, here["camera"], strict=True))
    print(f"{same} of {FRAMES} frames as by LiteRT")
    assert same >= FRAMES - 2


def test_the_tests_of_runtime_verify_and_recognizer_pass(legacy: Board, data_folder: Path) -> None:
    copy_tree(legacy.userland, data_folder)
    done = legacy.userland.run(
        CORE,
        *("env", "PYTHONPATH=/root/tree", "sh", "-c"),
        f"cd /root/tree && {VENV}/bin/python -m pytest -m 'not slow' -rs {' '.join(TESTS)}",
        timeout_s=1800,
    )
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def copy_tree(guest: Userland, data_folder: Path) -> None:
    """Put the tree and the data set where the guest's tests look for them."""
    tree = guest.folder / "root" / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("edgefmnist", "models", "tests", "benchmarks"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    data = guest.folder / "usr/share/datasets/fashion-mnist"
    shutil.copytree(data_folder, data, dirs_exist_ok=True)
