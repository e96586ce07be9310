"""The command line as scripts and people rely on it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edgefmnist import __version__
from edgefmnist.cli.commands import NAMES
from tests.conftest import ROOT, RunCli, assert_one_line

COMMANDS = [
    *("data", "train", "sweep", "quantize", "calibration", "layers", "export"),
    *("evaluate", "bench", "camera", "adapt", "predict", "verify", "doctor"),
]


def test_the_commands_are_these() -> None:
    assert [*NAMES] == [*COMMANDS, "service"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(run_cli: RunCli, command: str) -> None:
    result = run_cli(command, "--help")
    assert result.returncode == 0
    assert f"edgefmnist {command} " in result.stdout
    options = [line for line in result.stdout.splitlines() if line.startswith("  --")]
    assert options
    assert f"`edgefmnist {command}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", ["print", "install"])
def test_the_service_commands_too(run_cli: RunCli, command: str) -> None:
    result = run_cli("service", command, "--help")
    assert result.returncode == 0
    assert f"edgefmnist service {command} " in result.stdout
    assert f"edgefmnist service {command}" in (ROOT / "README.md").read_text()


def loaded_by(*words: str) -> set[str]:
    """Modules that the command line has loaded after a command that ends with 0."""
    code = (
        f"import sys; sys.argv = ['edgefmnist', *{words!r}]\n"
        "from edgefmnist.cli import run\n"
        "assert run() == 0\n"
        "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return set(json.loads(result.stderr))


def test_help_loads_nothing_heavy() -> None:
    loaded = {name.partition(".")[0] for name in loaded_by("--help")}
    assert not loaded & {"numpy", "cv2", "rich", "tensorflow", "keras", "matplotlib", "psutil"}


def test_a_command_loads_no_other() -> None:
    loaded = loaded_by("verify", "--help")
    assert "edgefmnist.cli.verify" in loaded
    assert not loaded & {f"edgefmnist.cli.{name}" for name in NAMES if name != "verify"}


def test_version(run_cli: RunCli) -> None:
    assert run_cli("--version").stdout == f"edgefmnist {__version__}\n"


@pytest.mark.parametrize(
    "words", [["nosuch"], ["train", "--nosuch"], ["train", "--seed", "x"], ["quantize"]]
)
def test_wrong_words_are_one_line_and_exit_2(run_cli: RunCli, words: list[str]) -> None:
    assert_one_line(run_cli(*words), 2, "--help")


def test_a_defect_is_one_line_and_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys; sys.argv = ['edgefmnist', 'verify']\n"
        "from edgefmnist.runtime import models\n"
        "models.resolve = lambda spec: 1 / 0\n"
        "from edgefmnist.cli import run\n"
        "sys.exit(run())"
    )
    monkeypatch.delenv("EDGEFMNIST_TRACEBACK", raising=False)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert_one_line(result, 1, "a defect in edgefmnist: ZeroDivisionError")


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m edgefmnist evaluate --json | true"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True
    )
    assert result.returncode == 0
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("camera", "--fsp", "3"), "edgefmnist camera"),
        (("service", "print", "--", "--fsp", "3"), "edgefmnist camera"),
        (("service", "prnt"), "edgefmnist service"),
        (("doctor", "--jsn"), "edgefmnist doctor"),
        (("nosuch",), "edgefmnist"),
        (("predict", "--model"), "edgefmnist predict"),
        (("evaluate", "tiny", "--data"), "edgefmnist evaluate"),
    ],
)
def test_hints_name_the_help_of_the_command(
    run_cli: RunCli, words: tuple[str, ...], command: str
) -> None:
    done = run_cli(*words)
    assert_one_line(done, 2, f"See {command} --help.")
    assert run_cli(*command.split()[1:], "--help").returncode == 0
