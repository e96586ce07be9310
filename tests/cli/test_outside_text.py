"""Words from outside (names of files and models) can do nothing to a terminal or a journal."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import termios
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from edgefmnist.camera.events import State
from edgefmnist.camera.sinks.systemd import Systemd
from edgefmnist.errors import one_line, printable
from edgefmnist.render.console import SafeConsole
from tests.camera.outputs.conftest import status
from tests.conftest import BUNDLE, ROOT, RunCli, assert_one_line

HOSTILE = (
    "a\x1b]0;title\x07\x1b[31m\nFAKE live: Bag\r\t\x9b2J\u202egpj\u2028\u200b\udcff[red]:boom:$x$"
)
SHOWN = (
    r"a\x1b]0;title\x07\x1b[31m\nFAKE live: Bag\r\t\x9b2J\u202egpj\u2028\u200b\xff[red]:boom:$x$"
)
# A file's name may hold all but a slash and NUL.
FILE = HOSTILE.replace("\x9b", "\u009b")
PICTURE = ROOT / "benchmarks" / "pictures" / "camera.png"
OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # what Rich itself writes to a terminal


def assert_harmless(text: str) -> None:
    """No character of `text` does anything but stand there, and no line of its own begins."""
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}
    assert not bad, (bad, text)
    assert not re.search(r"^\W*FAKE", text, re.M), text


def test_every_character_that_is_not_shown_is_escaped() -> None:
    assert printable(HOSTILE) == SHOWN
    for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F), 0xFEFF):
        assert printable(f"x{chr(code)}y").isprintable()
    assert printable("Größe 日本 two  spaces 👕") == "Größe 日本 two  spaces 👕"
    assert one_line("two\n  lines\x1b") == r"two lines\x1b"


def test_consoles_show_it_wherever_it_stands() -> None:
    file = io.StringIO()
    console = SafeConsole(file=file, width=400)
    table = Table(HOSTILE, title=HOSTILE, caption=HOSTILE)
    table.add_row(HOSTILE)
    console.print(HOSTILE, table, Panel(HOSTILE), soft_wrap=True)
    console.rule(HOSTILE)
    shown = file.getvalue()
    assert_harmless(shown)
    assert shown.count(SHOWN) == 7
    file.truncate(0)
    console.print(Text("two\nlines \x1b[31m"), Panel(Text("x\x9b")))
    assert "two\nlines \\x1b[31m" in file.getvalue()
    assert_harmless(file.getvalue().lstrip("\0"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, a bundle and a folder of pictures of hostile names."""
    folder = tmp_path_factory.mktemp("odd")
    shutil.copy(BUNDLE / "model.tflite", folder / f"{FILE}.tflite")
    shutil.copytree(BUNDLE, folder / f"{FILE}-bundle")
    (folder / f"{FILE}-folder").mkdir()
    shutil.copy(PICTURE, folder / f"{FILE}-folder" / f"{FILE}.png")
    return folder


COMMANDS = {
    "camera": ("camera", "--source", "{}-folder", "--model", "{}.tflite"),
    "camera, no such file": ("camera", "--source", "{}.mp4"),
    "camera, log": ("camera", "--source", "demo", "--frames", "1", "--log", "{}-folder"),
    "predict": ("predict", "--model", "{}.tflite", "{}-folder", "{}-missing.png"),
    "verify": ("verify", "{}-bundle"),
    "verify, bare": ("verify", "{}.tflite"),
    "export": ("export", "{}.tflite", "--out", "{}-bundle"),
    "unit": ("service", "print", "--", "--source", "{}-folder"),
    "wrong option": ("camera", "--{}"),
}


def words(name: str) -> list[str]:
    return [word.replace("{}", FILE) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_show_names_as_they_are_and_no_more(odd: Path, run_cli: RunCli, name: str) -> None:
    done = run_cli(*words(name), cwd=odd)
    assert_harmless(done.stdout + done.stderr)
    assert "defect" not in done.stderr, done.stderr


def test_without_utf_8_too(odd: Path, run_cli: RunCli) -> None:
    latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_cli(*words("predict"), cwd=odd, env=latin)
    assert_harmless(done.stdout + done.stderr)
    assert done.returncode == 5 and "defect" not in done.stderr


def test_a_name_that_the_locale_cannot_write(tmp_path: Path, run_cli: RunCli) -> None:
    photo = tmp_path / "ö.png"
    assert cv2.imwrite(str(photo), np.zeros((60, 60, 3), np.uint8))
    latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_cli("predict", photo, "--explain", tmp_path / "out", env=latin)
    assert_one_line(done, 5, "ASCII", "LC_ALL")


@pytest.mark.parametrize("name", ["camera", "predict"])
def test_on_a_terminal_too(odd: Path, name: str) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 150)) if hasattr(termios, "tcsetwinsize") else None
    command = [sys.executable, "-m", "edgefmnist", *words(name)]
    child = subprocess.Popen(
        command,
        cwd=odd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "150", "LINES": "40"},
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # EIO: the child has ended
        while data := os.read(ours, 65536):
            written += data
    os.close(ours)
    child.wait(60)
    shown = OURS.sub("", written.decode().replace("\r", ""))
    assert "a\\x1b" in shown
    assert_harmless(shown)


def test_systemd_gets_one_line(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        sink = Systemd(str(path), None)
        sink.on_status(status(State.STALE, "error", f"{HOSTILE}\nWATCHDOG=1"))
        lines = server.recv(4096).decode().splitlines()
        sink.close()
    assert lines[0] == "READY=1" and len(lines) == 2
    assert lines[1].startswith("STATUS=stale a\\x1b")


def test_plots_take_a_dollar_sign_for_a_dollar_sign(tmp_path: Path) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    from edgefmnist.render.plots import label

    figure = figures.Figure()
    text = figure.suptitle(label(r"model $\frac$ and $x"))
    figure.savefig(tmp_path / "plot.png")  # an unfinished formula would be an error
    assert text.get_text() == r"model \$\frac\$ and \$x"
