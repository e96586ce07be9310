"""However it is started and stopped, the command line says one line or nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import RunCli, assert_one_line

EDGEFMNIST = f"{sys.executable} -m edgefmnist"


def _shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)


def test_a_closed_stderr_keeps_stdout_clean() -> None:
    result = _shell(f"{EDGEFMNIST} verify --json 2>&-")
    assert result.returncode == 0
    assert json.loads(result.stdout)["passed"]


def test_a_closed_stderr_keeps_the_exit_code() -> None:
    result = _shell(f"{EDGEFMNIST} verify nosuch 2>&-")
    assert (result.returncode, result.stdout) == (2, "")
    result = _shell(f"{EDGEFMNIST} verify nosuch 2> >(true)")
    assert result.returncode == 2


def test_a_closed_stdout_is_no_defect() -> None:
    result = _shell(f"{EDGEFMNIST} verify --json >&-")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_full_stdout_is_named() -> None:
    result = _shell(f"{EDGEFMNIST} verify --json > /dev/full")
    assert_one_line(result, 2, "no space left while writing standard output")


def test_ctrl_c_while_the_commands_are_being_imported_is_quiet() -> None:
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'edgefmnist.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from edgefmnist.__main__ import main\n"
        "main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (130, "")


def test_a_terminal_without_columns_hides_nothing(run_cli: RunCli) -> None:
    """Some programs set them to 0 where they do not know."""
    done = run_cli("verify", "tiny", env={"COLUMNS": "0", "LINES": "00"})
    assert done.returncode == 0 and "golden vectors exact" in done.stdout


def test_control_characters_in_names_stay_on_one_line(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "a\nb\x1b[31m.jpg"
    path.write_text("no picture")
    result = run_cli("predict", path, "--jsonl")
    assert_one_line(result, 5, "a b\\x1b[31m.jpg")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("predict", "x" * 5_000), 5),
        (("predict", ""), 5),
        (("predict", "/dev/zero"), 5),
        (("camera", "--source", "/dev/null"), 6),
        (("camera", "--source", ""), 2),
        (("camera", "--source", "demo", "--threads", "99999999999"), 2),
        (("bench", "--threads", "99999999999"), 2),
        (("train", "--seed", str(2**32)), 2),
        (("verify", "edge", "--model", "edge"), 2),
        (("quantize", "nowhere", "--max-drop", "nan"), 5),
    ],
)
def test_nonsense_values(run_cli: RunCli, command: tuple[str, ...], code: int) -> None:
    assert_one_line(run_cli(*command), code)


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300"])
def test_patience_that_no_clock_can_tell(run_cli: RunCli, seconds: str) -> None:
    done = run_cli("camera", "--source", "demo", "--frames", "1", "--give-up-after", seconds)
    assert_one_line(done, 2, "--give-up-after")


def test_max_drop_that_is_no_number(run_cli: RunCli, tiny_run: Path) -> None:
    assert_one_line(run_cli("quantize", tiny_run, "--max-drop", "nan"), 2, "--max-drop nan")


def test_a_backend_that_is_none(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("train", "--out", tmp_path / "run", env={"KERAS_BACKEND": "bogus"})
    assert_one_line(result, 2, "KERAS_BACKEND=bogus", "jax")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": None},
        {"temperature": None},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"temperature": -1},
        {"unknown_threshold": 7},
        {"unknown_threshold": "x"},
        {"known_weight": "x"},
        {"temperature": 10**400},
        {"temperature": 1e-46},
        {"known_weight": 1e39},
        {"known_bias": float("inf")},
        {"labels": list("aacdefghij")},
        {"name": 5},
        {"name": "a\x1b[2J"},
        {"name": "a\nb"},
        {"delegate": 7},
        {"keep_float": "conv"},
        {"keep_float": [7]},
    ],
)
def test_a_record_with_senseless_values(
    run_cli: RunCli, shipped_bundle: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    copy = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    record = json.loads((copy / "model.json").read_text()) | change
    (copy / "model.json").write_text(json.dumps(record))
    assert_one_line(run_cli("verify", copy), 5, "model.json is damaged")


@pytest.mark.parametrize(
    "change",
    [
        {"seed": -1},
        {"seed": float("inf")},
        {"validation_count": float("inf")},
        {"validation_count": -5},
        {"validation_count": 60_000},
        {"recipe": {"name": 5}},
    ],
)
def test_a_run_with_senseless_values(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    copy = Path(shutil.copytree(tiny_run, tmp_path / "copy"))
    record = json.loads((copy / "result.json").read_text()) | change
    (copy / "result.json").write_text(json.dumps(record))
    assert_one_line(run_cli("calibration", copy), 5, "result.json is damaged")


def test_a_name_too_long_for_output_is_wrong_usage(run_cli: RunCli, tmp_path: Path) -> None:
    long = tmp_path / ("a" * 300)
    assert_one_line(run_cli("export", "tiny", "--out", long), 2, "cannot write")
    assert_one_line(run_cli("bench", "tiny", "--out", f"{long}.json"), 2, "cannot write")


def test_golden_vectors_of_another_kind(
    run_cli: RunCli, shipped_bundle: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    with np.load(shipped_bundle / "golden.npz") as stored:
        images, outputs = stored["images"], stored["outputs"]
    bad: list[dict[str, np.ndarray]] = [
        {"images": images[:0], "outputs": outputs[:0]},
        {"images": images.astype(float), "outputs": outputs},
        {"images": images, "outputs": outputs.astype(complex)},
        {"images": images, "outputs": outputs[:, :9]},
    ]
    for arrays in bad:
        np.savez(copy / "golden.npz", **arrays)
        assert_one_line(run_cli("verify", copy), 5, "golden.npz")
    np.save(copy / "golden.npy", images)
    os.replace(copy / "golden.npy", copy / "golden.npz")
    assert_one_line(run_cli("verify", copy), 5, "golden.npz")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize("width", [80, 160])
def test_the_live_view_fits_a_terminal(width: int) -> None:
    """The view in a real terminal: whole frames around it, nothing wrapped."""
    # A server of its own: one whose last session has just ended takes no new one.
    tmux = ["tmux", "-L", f"edgefmnist-{os.getpid()}-{width}", "-f", "/dev/null"]
    command = f"{EDGEFMNIST} camera --source demo --frames 200; sleep 60"
    size = ["-x", str(width), "-y", "40"]
    subprocess.run([*tmux, "new-session", "-d", *size, command], check=True)
    try:
        screen = ""
        for _ in range(300):
            time.sleep(0.2)
            shown = [*tmux, "capture-pane", "-p"]
            screen = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
            if "frames" in screen and "classified in" in screen:
                break
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)
    lines = [line for line in screen.splitlines() if line.strip()]
    view = [line for line in lines if line[0] in "╭│╰"]
    assert len(view) == 16
    assert len({len(line) for line in view}) == 1
    for word in ("the model sees", "capture", "preprocess", "infer", "fps", "dropped", "truth"):
        assert any(word in line for line in view), word
    assert "garments" in screen
    assert "refused" in screen
