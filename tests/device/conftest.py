"""Userlands with the wheel of this tree installed, and the same pictures for here and there."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import cv2
import pytest

from edgefmnist.camera.sources.demo import open_demo
from tests import wardrobe
from tests.conftest import RunCli
from tests.device import userland
from tests.device.userland import ROOT, Userland

VENV = "/opt/edgefmnist"
PICTURES, WARDROBE = "pictures", "wardrobe"
EVERY = 9  # frames from one picture to the next: about one of each scene


FRAMES = 50
CAMERA = ("camera", "--source", "demo", "--frames", str(FRAMES), "--jsonl", "--every-frame")
BUNDLES = ("tiny", "edge", "accurate")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def answers(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was seen in each frame or picture."""
    return [(one["label"], one["unknown"]) for one in events if one.get("event") != "state"]


def chosen(variable: str, all_of: tuple[str, ...]) -> tuple[str, ...]:
    """What `make test-arm64 SUITES=... CORES=...` names, or everything."""
    names = tuple(os.environ.get(variable, "").split()) or all_of
    if unknown := set(names) - set(all_of):
        raise pytest.UsageError(f"{variable}: {' '.join(unknown)} is none of {' '.join(all_of)}")
    return names


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture, variable, all_of in (
        ("suite", "SUITES", userland.SUITES),
        ("core", "CORES", tuple(userland.CORES)),
    ):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, chosen(variable, all_of), scope="session")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A userland on one core, and the environment in it that holds edgefmnist."""

    userland: Userland
    core: str
    venv: str

    def command(self, *words: str) -> list[str]:
        return [f"{self.venv}/bin/edgefmnist", *words]

    def run(self, *words: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        return self.userland.run(self.core, *self.command(*words), timeout_s=timeout_s)

    def check(self, *words: str, timeout_s: float = 300.0) -> str:
        return self.userland.check(self.core, *self.command(*words), timeout_s=timeout_s)

    @property
    def site(self) -> Path:
        """Its site-packages, as this machine sees them."""
        (found,) = (self.userland.folder / self.venv.lstrip("/")).glob("lib/python*/site-packages")
        return found


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of the demo as PNG."""
    folder = tmp_path_factory.mktemp(PICTURES)
    source = open_demo("demo")
    for number in range(12 * EVERY):
        frame = source.read()
        assert frame is not None
        if number % EVERY == 0:
            cv2.imwrite(str(folder / f"{number:03}.png"), frame.pixels)
    return folder


@pytest.fixture(scope="session")
def guest(suite: str, wheel: Path, pictures: Path) -> Userland:
    """The userland of `suite` with the wheel, what it needs, the pictures and a wardrobe."""
    made = userland.make(suite)
    made.install(VENV, ROOT / "requirements" / "core.txt", wheel)
    (made.folder / "root" / PICTURES).mkdir(exist_ok=True)
    for picture in pictures.iterdir():
        (made.folder / "root" / PICTURES / picture.name).write_bytes(picture.read_bytes())
    wardrobe.make(made.folder / "root" / WARDROBE)
    return made


@pytest.fixture(scope="session")
def board(guest: Userland, core: str) -> Board:
    return Board(userland=guest, core=core, venv=VENV)


@pytest.fixture(scope="session")
def here(run_cli: RunCli, pictures: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the same wheel's code answers on this machine."""
    commands = {"predict": ("predict", pictures, "--jsonl"), "camera": CAMERA}
    done = {name: run_cli(*words) for name, words in commands.items()}
    assert not any(one.returncode for one in done.values()), done
    return {name: answers(lines(one.stdout)) for name, one in done.items()}
