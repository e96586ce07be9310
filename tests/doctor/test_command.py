"""The command itself, on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, RUNTIME, RunCli, assert_one_line

RUNTIME_MODULE = RUNTIME.split()[0].replace("-", "_")


def test_json_and_table_tell_the_same(run_cli: RunCli) -> None:
    result = run_cli("doctor", "--json")
    told = json.loads(result.stdout)
    assert all(set(one) == {"check", "status", "found", "mend"} for one in told)
    assert {one["status"] for one in told} <= {"ok", "unknown", "warning", "problem"}
    named = {one["check"] for one in told}
    assert named >= {"python", "runtime", "opencv", "models", "inference", "camera", "service"}
    assert (result.returncode == 0) == all(one["status"] != "problem" for one in told)
    table = run_cli("doctor").stdout
    assert all(f"\n{name} " in table for name in named)
    assert all(one["mend"] in table for one in told)


def test_a_damaged_model_is_a_problem_and_exit_5(tmp_path: Path) -> None:
    """In a copy of the package whose default model has one bit turned."""
    shutil.copytree(ROOT / "edgefmnist", tmp_path / "edgefmnist")
    shutil.copytree(ROOT / "models", tmp_path / "models")
    model = tmp_path / "models" / "edge" / "model.tflite"
    content = bytearray(model.read_bytes())
    content[1000] ^= 1
    model.write_bytes(content)
    result = subprocess.run(
        [sys.executable, "-m", "edgefmnist", "doctor", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    told = [one for one in json.loads(result.stdout) if one["check"] == "models"]
    assert [one["status"] for one in told] == ["problem", "ok"]
    assert "edge" in told[0]["found"]
    assert result.returncode == 5
    assert "; first models: " in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("closing", [">&-", "2>&-", "| true"])
def test_closed_pipes(run_cli: RunCli, closing: str) -> None:
    whole = run_cli("doctor")
    command = f"{sys.executable} -m edgefmnist doctor {closing}"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True
    )
    assert result.returncode == whole.returncode
    assert result.stderr == ("" if closing == "2>&-" else whole.stderr)


def test_a_device_without_tensorflow_never_notices() -> None:
    code = (
        "import sys; sys.argv = ['edgefmnist', 'doctor']\n"
        "from edgefmnist.cli import run\n"
        "run()\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'starlette', 'paho'}\n"
        "assert not heavy & {name.partition('.')[0] for name in sys.modules}"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("missing", ["numpy", "cv2", RUNTIME_MODULE])
def test_stdout_is_json_alone_where_a_package_is_broken(missing: str) -> None:
    code = (
        "import sys; sys.argv = ['edgefmnist', 'doctor', '--json']\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}: raise ImportError('libxcb.so.1: cannot open')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from edgefmnist.cli import run\n"
        "sys.exit(run())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    told = {one["check"]: one for one in json.loads(result.stdout)}
    check = {"numpy": "numpy", "cv2": "opencv", RUNTIME_MODULE: "runtime"}[missing]
    assert told[check]["status"] == "problem"
    assert "libxcb" in told[check]["found"]
    assert told["service"]  # went on to the end
    assert_one_line(result, 4, "libxcb")
