"""Lower bounds: each is there, the same everywhere, and what ``make test-lowest`` runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomllib")

HERE = {
    "platform_machine": "x86_64",
    "python_version": "3.10",
    "python_full_version": "3.10.0",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
"""What `requirements/lowest.txt` is for."""


def asked_for() -> Iterator[Requirement]:
    """All that pyproject.toml asks for, in the core and in each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = [project["dependencies"], *project["optional-dependencies"].values()]
    return (Requirement(one) for part in parts for one in part)


def floor(requirement: Requirement) -> Version:
    """The lowest version that it names."""
    bounds = [one for one in requirement.specifier if one.operator in (">=", "==")]
    assert len(bounds) == 1, f"{requirement} has no lower bound"
    return Version(bounds[0].version)


def test_every_dependency_has_one_lower_bound_wherever_it_stands() -> None:
    bounds: dict[tuple[str, str], set[str]] = {}
    for one in asked_for():
        floor(one)
        bounds.setdefault((one.name, str(one.marker)), set()).add(str(one.specifier))
    assert not {name: found for name, found in bounds.items() if len(found) > 1}


def test_what_is_tested_lowest_is_what_is_promised() -> None:
    text = (ROOT / "requirements" / "lowest.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    wanted = [one for one in asked_for() if one.marker is None or one.marker.evaluate(HERE)]
    assert len(wanted) > 20
    for one in wanted:
        lowest, bound = Version(locked[one.name]), floor(one)
        # A bound may leave out the last parts: the lowest OpenCV 4.12 is 4.12.0.88.
        parts = len(bound.release)
        assert lowest == bound or (parts > 1 and lowest.release[:parts] == bound.release), one


def test_packages_that_the_preview_trusts_have_no_known_hole() -> None:
    """The last versions with one: CVE-2026-48710, CVE-2026-54282, CVE-2025-43859."""
    holes = {"starlette": ("0.40.0", "1.0.0", "1.2.9"), "h11": ("0.14.0",)}
    holes["requests"] = ("2.31.0", "2.32.5")
    holes["keras"] = ("3.12.0", "3.13.1", "3.14.0", "3.15.0")
    for one in asked_for():
        for version in holes.get(one.name, ()):
            assert version not in one.specifier, f"{one} allows {version}"
    older = {"platform_machine": "armv7l", "python_version": "3.11"}
    for one in asked_for():
        if one.name == "opencv-python-headless" and one.marker and one.marker.evaluate(older):
            assert not [v for v in ("4.5.5.64", "4.10.0.84", "4.11.0.86") if v in one.specifier]
