"""What `children.python` starts takes nothing from the current folder and ends with its parent."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgefmnist import children

OTHERS = [path for minor in range(10, 14) if (path := shutil.which(f"python3.{minor}"))]
# Modules that Python itself, the launcher or nearly every program imports.
NAMES = (
    *("sitecustomize", "usercustomize", "linecache", "runpy", "pkgutil", "importlib", "json"),
    *("signal", "re", "random", "socket", "numpy", "edgefmnist"),
)
SAYS = """
import json, os, random, socket, sys, linecache
def main():
    print(json.dumps({"argv": sys.argv, "path": sys.path, "cwd": os.getcwd(), "file": __file__,
                      "env": dict(os.environ)}))
    return 7
"""


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder in which each module that might be imported from it leaves a mark."""
    folder = tmp_path / "traps"
    folder.mkdir()
    for name in NAMES:
        mark = f"open({str(folder / 'EXECUTED')!r}, 'a').write({name!r})\n"
        (folder / f"{name}.py").write_text(mark, encoding="utf-8")
    return folder


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with our launcher in it and one module that says how it was started."""
    package = tmp_path / "code" / "edgefmnist"
    shutil.copytree(Path(children.__file__).parent, package / "children")
    (package / "__init__.py").touch()
    (package / "says.py").write_text(SAYS, encoding="utf-8")
    return package


@pytest.mark.parametrize("python", [sys.executable, *OTHERS])
def test_no_python_imports_from_the_current_folder(python: str, package: Path, traps: Path) -> None:
    if subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"{python} does not run")
    code = (
        f"import sys, subprocess; sys.path.insert(0, {str(package.parent)!r})\n"
        "from edgefmnist import children\n"
        f"sys.path.insert(0, ''); import os; os.chdir({str(traps)!r})\n"
        "child = children.python('edgefmnist.says', 'one', 2)\n"
        "sys.exit(subprocess.run(**child).returncode)\n"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd="/")
    assert done.returncode == 7, done.stderr
    said = json.loads(done.stdout)
    assert said["argv"] == ["edgefmnist.says", "one", "2"]
    assert said["file"] == str(package / "says.py")
    assert said["cwd"] == str(traps)
    assert children.VARIABLE not in said["env"]
    assert not (traps / "EXECUTED").exists()


def test_the_path_of_this_process_is_the_childs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9:\n") + '"'  # nothing in a folder's name may matter
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / name), "", "relative"])
    given = json.loads(children.python("edgefmnist.nothing")["env"][children.VARIABLE])
    assert given["path"] == sys.path[:-2]


def test_flags_that_leave_something_out_are_passed_on() -> None:
    code = "from edgefmnist import children; print(*children.python('x')['args'])"
    done = subprocess.run([sys.executable, "-sEB", "-c", code], capture_output=True, text=True)
    assert {"-s", "-E", "-B"} <= set(done.stdout.split())


def test_options_and_secrets_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"PATH": "/usr/bin", "LIBCAMERA_LOG_LEVELS": "*:INFO", "SSH_AUTH_SOCK": "/run/agent"}
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    for name in (
        *("EDGEFMNIST_PREVIEW_TOKEN", "EDGEFMNIST_MQTT_PASSWORD", "EDGEFMNIST_SOURCE"),
        *("NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY"),
        *("HA_TOKEN", "mqtt_password", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY"),
    ):
        monkeypatch.setenv(name, "hunter2")
    assert kept.items() <= children.environment().items()
    for env in (children.environment(), children.python("edgefmnist.nothing")["env"]):
        assert "hunter2" not in env.values()


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.1])
def test_a_child_ends_when_its_parent_is_killed_at_any_moment(
    package: Path, delay_s: float
) -> None:
    (package / "says.py").write_text(
        "import time\ndef main():\n    print('here', flush=True)\n    time.sleep(600)\n",
        encoding="utf-8",
    )
    code = (
        f"import sys, subprocess, time; sys.path.insert(0, {str(package.parent)!r})\n"
        "from edgefmnist import children\n"
        "child = subprocess.Popen(**children.python('edgefmnist.says'), start_new_session=True)\n"
        "print(child.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        child = int(one.stdout.readline())
        time.sleep(delay_s)
        one.kill()
        one.stdout.read()  # to its end: the child held the other side
    for _ in range(300):
        if not Path(f"/proc/{child}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{child}").exists()


def test_every_child_process_is_started_by_way_of_here() -> None:
    starts = 0
    for file in Path(children.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called.startswith(("subprocess.", "os.system", "os.exec", "os.spawn", "os.popen")):
                assert isinstance(node, ast.Call)
                given = [
                    ast.unparse(one.value) for one in node.keywords if one.arg in (None, "env")
                ]
                assert any(one.startswith("children.") for one in given), f"{file}:{node.lineno}"
                starts += 1
    assert starts > 5
