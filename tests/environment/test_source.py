"""The seam over this very machine: tools, modules, permissions and disks that are really there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgefmnist import __version__
from edgefmnist.environment import Source, source


def test_a_tool_is_heard_whatever_its_exit_code() -> None:
    assert Source().run(("sh", "-c", "echo out; echo err >&2; exit 3")) == "out\nerr"


def test_a_tool_that_is_not_there_is_none() -> None:
    assert Source().run(("no-such-tool-of-ours",)) is None


def test_a_tool_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_TOOL_S", 0.2)
    told = Source().run(("sleep", "60"))
    assert told is not None
    assert told.startswith("sleep failed: ")


def test_modules_and_packages() -> None:
    assert Source().load("edgefmnist").__version__ == __version__
    with pytest.raises(ModuleNotFoundError):
        Source().load("no_such_module_of_ours")
    assert Source().version("numpy")[0].isdigit()
    assert Source().version("no-such-package-of-ours") == ""


def test_what_a_module_says_while_it_fails_stays_off_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loud_of_ours.py").write_text(
        "import os\nos.write(2, b'loud')\nprint('loud')\nraise ImportError"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError):
        Source().load("loud_of_ours")
    assert capfd.readouterr() == ("", "")


def test_permissions(tmp_path: Path) -> None:
    (tmp_path / "open").touch()
    assert not Source().is_closed(tmp_path / "open")
    assert Source().is_closed(tmp_path / "missing")
    assert os.getegid() in Source().groups


def test_room_on_the_disk_of_a_folder_yet_to_be_made(tmp_path: Path) -> None:
    free = Source().free_bytes(tmp_path / "not" / "yet")
    assert free is not None
    assert free > 0


def test_paths_lie_under_the_root(tmp_path: Path) -> None:
    assert Source(root=tmp_path).place(Path("/var/lib")) == tmp_path / "var" / "lib"
