"""Machines that are ready for a case, from snapshots that are made once for each wheel."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machine import figures, image
from tests.machine.guest import Guest, new_disk
from tests.machine.image import Image
from tests.machine.service import OPTIONS, Service

READY, WAITING = "ready", "waiting"
"""Snapshots without a camera: booted with the service installed, and with it started."""

RATE = 2.5
"""Frames a second of most cases: each costs a fifth of a second of the guest's one core."""
_PREFIX = "test_"

Figure = Callable[[str, float], None]


def chosen(variable: str, all_of: tuple[str, ...]) -> tuple[str, ...]:
    """What `make test-machine SUITES=... CASES=...` names, or everything."""
    names = tuple(os.environ.get(variable, "").replace(",", " ").split()) or all_of
    if unknown := set(names) - set(all_of):
        raise pytest.UsageError(f"{variable}: {' '.join(unknown)} is none of {' '.join(all_of)}")
    return names


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each case in each suite, those of one suite in one process of pytest-xdist."""
    if "suite" in metafunc.fixturenames:
        suites = [
            pytest.param(suite, marks=pytest.mark.xdist_group(suite))
            for suite in chosen("SUITES", tuple(image.SUITES))
        ]
        metafunc.parametrize("suite", suites, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what CASES does not name: a case is the name of a file without ``test_``."""
    here = [one for one in items if one.get_closest_marker("machine")]
    cases = {one: one.path.stem.removeprefix(_PREFIX) for one in here}
    wanted = chosen("CASES", tuple(sorted(set(cases.values())))) if here else ()
    left_out = [one for one in here if cases[one] not in wanted]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in left_out]


@pytest.fixture(scope="session")
def built(suite: str, wheel: Path) -> Image:
    """The disks of `suite` with the wheel of this tree."""
    return image.make(suite, wheel)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder with a short path."""
    made = Path(tempfile.mkdtemp(prefix="machine-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def ready_disk(built: Image, folder: Path) -> Path:
    """A disk with both snapshots, made once for each wheel; cases may write to this copy."""
    kept = built.folder / f"ready-{hashlib.sha256(repr(OPTIONS).encode()).hexdigest()[:8]}.qcow2"
    if not kept.is_file():
        scratch = kept.with_suffix(".part")
        new_disk(built.root, scratch)
        guest = Guest(built, scratch, folder)
        try:
            _prepare(guest)
        finally:
            guest.close()
        scratch.rename(kept)
    return Path(shutil.copy(kept, folder / "disk.qcow2"))


def _prepare(guest: Guest) -> None:
    """Boot and save both snapshots. What a case runs is in memory by then."""
    guest.start()
    guest.run("systemctl is-system-running --wait")
    service = Service(guest=guest)
    service.install()
    service.health()
    guest.check("edgefmnist camera --source demo --frames 1 && sync")
    guest.save(READY)
    guest.check("systemctl start edgefmnist")
    service.until_lost()
    guest.save(WAITING)


@pytest.fixture
def off(built: Image, ready_disk: Path, folder: Path) -> Iterator[Guest]:
    """A machine that is switched off; its disk is that of the case before."""
    guest = Guest(built, ready_disk, folder)
    yield guest
    guest.close()


@pytest.fixture
def guest(off: Guest) -> Guest:
    """A machine that has booted; the service is installed and not started, no camera is there."""
    off.start(READY)
    return off


@pytest.fixture
def service(guest: Guest) -> Service:
    """The service of `guest`."""
    return Service(guest=guest)


@pytest.fixture
def waiting(off: Guest) -> Service:
    """The service, started a few seconds ago, with no camera yet."""
    off.start(WAITING)
    return Service(guest=off)


@pytest.fixture
def live(waiting: Service) -> Service:
    """The service while it is live with webcam 0 of `guest.webcams`."""
    webcam = waiting.guest.webcam()
    webcam.stream.rate = RATE
    webcam.plug()
    waiting.until_live()
    waiting.guest.run("sleep 4")  # until the pace of its frames is known
    return waiting


@pytest.fixture
def figure(suite: str, request: pytest.FixtureRequest) -> Figure:
    """Print how many seconds of the guest something took, and keep it for the page of figures."""

    def keep(what: str, seconds: float) -> None:
        print(f"{what}: {seconds:.1f} s of the guest")
        figures.keep(suite, what, seconds)

    return keep
