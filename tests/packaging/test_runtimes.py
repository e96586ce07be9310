"""Each board gets the runtime that has wheels for it, and is told where none has."""

from __future__ import annotations

import sys

import pytest
from packaging.requirements import Requirement

from edgefmnist import wheels
from edgefmnist.errors import MissingDependency
from edgefmnist.runtime import interpreter
from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomllib")

LITERT, LEGACY = wheels.LITERT, wheels.LEGACY
BOARDS = [  # what the kernel says, bits of Python, its version, the runtime
    ("x86_64", 64, "3.10", LITERT),
    ("aarch64", 64, "3.11", LITERT),
    ("aarch64", 64, "3.13", LITERT),
    ("armv7l", 32, "3.11", LEGACY),
    ("armv8l", 32, "3.11", LEGACY),  # under linux32
    ("armv7l", 32, "3.12", ""),
    ("armv8l", 32, "3.13", ""),
    ("armv6l", 32, "3.11", ""),
]


def core() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(one) for one in project["dependencies"]]


def asked_for(machine: str, python: str) -> dict[str, str]:
    """Packages that pip takes from the core's dependencies, with their versions."""
    environment = {
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_system": "Linux",
        "sys_platform": "linux",
    }
    return {
        one.name: str(one.specifier)
        for one in core()
        if one.marker is None or one.marker.evaluate(environment)
    }


@pytest.mark.parametrize(("machine", "bits", "python", "runtime"), BOARDS)
def test_pip_takes_what_has_wheels_and_nothing_else(
    machine: str, bits: int, python: str, runtime: str
) -> None:
    taken = asked_for(machine, python)
    assert {name for name in taken if name in (LITERT, LEGACY)} == ({runtime} if runtime else set())
    # tflite-runtime was built for NumPy 1, and so was the OpenCV that goes with that.
    older = bits == 32
    assert ("<2" in taken["numpy"]) is older
    assert ("<4.10" in taken["opencv-python-headless"]) is older


@pytest.mark.parametrize(("machine", "bits", "python", "runtime"), BOARDS)
def test_what_is_told_is_what_pip_takes(machine: str, bits: int, python: str, runtime: str) -> None:
    version = tuple(map(int, python.split(".")))
    assert wheels.offer(machine, bits, version).package == runtime


def test_a_32_bit_system_under_a_64_bit_kernel_needs_linux32() -> None:
    """Markers see the kernel's name alone, and would ask for LiteRT, which has no such wheel."""
    assert LITERT in asked_for("aarch64", "3.11")
    had = wheels.offer("aarch64", 32, (3, 11))
    assert had.package == LEGACY and had.mend.startswith("linux32 pip install 'tflite-runtime")
    assert not wheels.offer("armv7l", 32, (3, 11)).mend.startswith("linux32")


@pytest.mark.parametrize(
    ("machine", "bits", "python", "words"),
    [
        ("armv6l", 32, (3, 11), "ARMv6 or older): a Raspberry Pi Zero or 1 cannot"),
        (
            "armv7l",
            32,
            (3, 14),
            "and none has wheels for this machine (armv7l, 32-bit system",
        ),
        ("aarch64", 32, (3, 13), "tflite-runtime ends at 3.11): put the 64-bit"),
        ("riscv64", 64, (3, 13), "(riscv64, 64-bit)"),
        ("armv7l", 32, (3, 11), "no TensorFlow Lite runtime: pip install 'tflite-runtime==2.14.0'"),
        ("aarch64", 64, (3, 13), "no TensorFlow Lite runtime: pip install ai-edge-litert"),
    ],
)
def test_without_a_runtime_the_error_says_what_this_machine_can_have(
    monkeypatch: pytest.MonkeyPatch, machine: str, bits: int, python: tuple[int, int], words: str
) -> None:
    monkeypatch.setattr(wheels, "offer_here", lambda: wheels.offer(machine, bits, python))
    for module in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency) as raised:
        interpreter.provider()
    assert words in str(raised.value) and "\n" not in str(raised.value)
    assert raised.value.exit_code == 4


def test_a_python_that_is_too_new_is_refused_by_pip() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.10,<3.14"
