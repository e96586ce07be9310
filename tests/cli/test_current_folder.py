"""Nothing in the folder that the user stands in is run: no module, no clone, no program."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import edgefmnist

Run = Callable[..., "subprocess.CompletedProcess[str]"]
MODULES = (
    *("json", "random", "queue", "socket", "resource", "typing", "dataclasses", "signal"),
    *("numpy", "cv2", "av", "typer", "rich", "ai_edge_litert", "tflite_micro", "picamera2"),
    *("keras", "tensorflow", "matplotlib", "ray"),
)
PROGRAMS = ("rpicam-vid", "rpicam-hello", "vcgencmd", "systemctl", "uname", "ldconfig", "gcc")
SCRIPT = "from edgefmnist.__main__ import main\nmain()\n"  # as pip writes one into bin/


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder in which each module and program leaves a mark when it is run."""
    folder = tmp_path / "traps"
    folder.mkdir()
    for name in MODULES:
        mark = f"open({str(folder / 'EXECUTED')!r}, 'a').write('{name}.py ')\n"
        (folder / f"{name}.py").write_text(mark, encoding="utf-8")
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f"#!/bin/sh\nprintf '{name} ' >> {folder}/EXECUTED\n", encoding="utf-8")
        program.chmod(0o755)
    clone = folder / "edgefmnist"
    shutil.copytree(Path(edgefmnist.__file__).parent, clone)
    for file in clone.rglob("*.py"):
        mark = f"\nopen({str(folder / 'EXECUTED')!r}, 'a').write('clone ')\n"
        file.write_text(file.read_text(encoding="utf-8") + mark, encoding="utf-8")
    return folder


@pytest.fixture
def installed(traps: Path, tmp_path: Path) -> Run:
    """Run the installed command in the folder of traps, and see that none went off."""
    script = tmp_path / "edgefmnist"
    script.write_text(SCRIPT, encoding="utf-8")
    found = Path(edgefmnist.__file__).parents[1]
    # Where it is found, as an installation would say; the shell's own folder has no place in it.
    python = os.pathsep.join(filter(None, (str(found), os.environ.get("PYTHONPATH"))))

    def run(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, str(script), *map(str, words)],
            cwd=traps,
            env=os.environ | {"PYTHONPATH": python} | env,
            capture_output=True,
            text=True,
            timeout=300,
        )
        mark = traps / "EXECUTED"
        assert not mark.exists(), f"{words}: {mark.read_text()}"
        return done

    return run


def test_camera(installed: Run) -> None:
    done = installed("camera", "--source", "demo", "--frames", "2", "--jsonl")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    importlib.util.find_spec("picamera2") is not None, reason="picamera2 is really here"
)
def test_an_experiment_with_the_camera_is_not_the_library(installed: Run) -> None:
    done = installed("camera", "--source", "picamera2", "--frames", "1")
    assert done.returncode == 4 and "No module named 'picamera2'" in done.stderr


def test_programs_are_looked_for_on_path_alone(installed: Run) -> None:
    """A colon too many in PATH means the current folder."""
    for path in (f":{os.environ['PATH']}", "."):
        done = installed("camera", "--source", "rpicam", "--frames", "1", PATH=path)
        assert done.returncode == 4 and "rpicam-vid is not installed" in done.stderr, path
    installed("doctor", PATH=f"{os.environ['PATH']}:.")


def test_a_bare_model_is_tried_out_in_a_child(
    installed: Run, small_model: Path, shipped_bundle: Path
) -> None:
    picture = shipped_bundle.parents[1] / "benchmarks" / "pictures" / "camera.png"
    done = installed("predict", "--model", small_model, picture, "--jsonl")
    assert done.returncode == 0, done.stderr


def test_export_and_its_check(installed: Run, tmp_path: Path) -> None:
    done = installed("export", "tiny", "--out", tmp_path / "sources")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_bench(installed: Run) -> None:
    done = installed("bench", "tiny", "--quick", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_sweep_whose_library_starts_processes_of_its_own(installed: Run, tmp_path: Path) -> None:
    few = ("--set", "validation_count=56000", "--epochs", "1", "--cpus", "1")
    done = installed("sweep", "--recipe", "seed-1", *few, "--out", tmp_path / "sweep")
    assert done.returncode == 0, done.stderr


def test_an_empty_entry_of_pythonpath_is_left_out(traps: Path, tmp_path: Path) -> None:
    """It means the current folder; what stands there on purpose, by its whole path, is kept."""
    wanted = tmp_path / "wanted"
    wanted.mkdir()
    found = Path(edgefmnist.__file__).parents[1]
    for path in (f"{found}:{wanted}:", f"{found}::{wanted}", f"{found}:.:{wanted}:traps/.."):
        code = (
            "import edgefmnist.__main__ as start, os, sys; start._forget_current_folder();"
            "print(os.getcwd() in sys.path, sys.argv[1] in sys.path, os.environ['PYTHONPATH'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(wanted)],
            cwd=traps.parent,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        assert done.stdout.split() == ["False", "True", f"{found}:{wanted}"], done.stderr


def test_python_m_forgets_the_folder_once_it_runs(traps: Path) -> None:
    """It cannot from the first moment: a clone that one stands in is what is asked for then."""
    shutil.rmtree(traps / "edgefmnist")
    done = subprocess.run(
        [sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", "--frames", "1"],
        cwd=traps,
        env=os.environ | {"PYTHONPATH": str(Path(edgefmnist.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (traps / "EXECUTED").exists()
