"""What is handed out: the same bytes each time, exactly the files meant, licences known."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

BUNDLES = ("tiny", "edge", "accurate")
BUNDLE = ("model.tflite", "model.json", "golden.npz", "memory.npz", "README.md")
IGNORED = shutil.ignore_patterns(
    "__pycache__", ".*", "build", "dist", "runs", "shared", "*.egg-info"
)


def build(folder: Path, umask: int, stamp: float) -> dict[str, Path]:
    """Wheel and sdist, by suffix, of a copy of the sources made with `umask`, dated `stamp`."""
    source, out = folder / "source", folder / "out"
    shutil.copytree(ROOT, source, ignore=IGNORED)
    shutil.copy(ROOT / ".gitignore", source)
    for path in source.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        os.utime(path, (stamp, stamp))
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(out)],
        cwd=source,
        env=environment,
        check=True,
        capture_output=True,
        timeout=120,
        umask=umask,
    )
    return {path.suffix: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Path]]:
    """Two builds, from different folders, times and file modes."""
    return [
        build(tmp_path_factory.mktemp("one"), 0o022, 1_000_000_000),
        build(tmp_path_factory.mktemp("another-place"), 0o077, 1_700_000_000),
    ]


def test_two_builds_give_the_same_bytes(built: list[dict[str, Path]]) -> None:
    for suffix in (".whl", ".gz"):
        first, second = (hashlib.sha256(one[suffix].read_bytes()).hexdigest() for one in built)
        assert first == second, suffix


def test_the_wheel_holds_exactly_the_package_and_its_models(built: list[dict[str, Path]]) -> None:
    held = {
        name for name in zipfile.ZipFile(built[0][".whl"]).namelist() if "dist-info" not in name
    }
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "edgefmnist").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    models = {f"edgefmnist/_models/{name}/{file}" for name in BUNDLES for file in BUNDLE}
    assert held == package | models
    suffixes = {Path(name).suffix for name in held}
    assert suffixes <= {
        ".py", ".typed", ".md", ".npz", ".json", ".tflite", ".html", ".css", ".js", ".svg",
    }  # fmt: skip


def test_the_sdist_can_build_and_test_and_holds_no_more(built: list[dict[str, Path]]) -> None:
    with tarfile.open(built[0][".gz"]) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in names} - {"firmware_notes"} == {
        ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "PKG-INFO",
        "README.md", "benchmarks", "edgefmnist", "models", "pyproject.toml", "requirements",
        "tests",
    }  # fmt: skip
    assert not [name for name in names if "__pycache__" in name]


def test_the_licence_list_names_every_locked_package() -> None:
    page = (ROOT / "requirements" / "LICENCES.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| ([a-z0-9._-]+) \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE))
    locked = set()
    for part in ("core", "train"):
        text = (ROOT / "requirements" / f"{part}.txt").read_text(encoding="utf-8")
        locked |= set(re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE))
    assert len(locked) > 50
    lacking = locked - set(listed)
    assert not lacking, f"run python requirements/licences.py: {sorted(lacking)}"
    for name in ("starlette", "uvicorn", "prometheus-client", "paho-mqtt", "anyio", "h11"):
        assert name in listed
    for name in ("certifi", "tqdm", "opencv-python-headless"):
        assert "**" in listed[name], f"{name} is copyleft in part"
