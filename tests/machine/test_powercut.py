"""The power goes while files are written, and comes back."""

from __future__ import annotations

import random

import pytest

from tests.machine.conftest import READY, Figure
from tests.machine.guest import Guest
from tests.machine.service import OPTIONS, STATE, Service

pytestmark = pytest.mark.machine

CUTS = 5
_SOON = "vm.dirty_expire_centisecs=100 vm.dirty_writeback_centisecs=50"
"""Linux writes to the disk what is a second old, not half a minute: more is under way at a cut."""
_LOOK = """
import json, pathlib, cv2
folder = pathlib.Path("{state}")
found = dict(lines=0, broken=[], pictures=0, damaged=[], alone=[], hidden=[])
for log in sorted(folder.glob("camera.jsonl*")):
    for number, line in enumerate(log.read_bytes().split(b"\\n")[:-1]):
        found["lines"] += 1
        try:
            json.loads(line)
        except ValueError:
            found["broken"].append((log.name, number, repr(line[:40])))
kept = folder / "frames"
for one in sorted(kept.iterdir()) if kept.is_dir() else ():
    if one.name.startswith("."):
        found["hidden"].append(one.name)
    elif one.suffix == ".json":
        try:
            json.loads(one.read_bytes())
        except ValueError:
            found["damaged"].append(one.name)
    elif one.suffix in (".jpg", ".png"):
        found["pictures"] += 1
        if cv2.imread(str(one), -1) is None:
            found["damaged"].append(one.name)
        if not one.with_suffix(".json").is_file():
            found["alone"].append(one.name)
print(json.dumps(found))
""".replace("{state}", STATE)


def test_while_the_log_and_frames_are_written(off: Guest, figure: Figure) -> None:
    """After each cut the service comes up by itself, and what it wrote reads well."""
    moments = random.Random(20)
    webcam = off.webcam()
    off.start(READY)
    service = Service(guest=off)
    service.install(*OPTIONS, "--every-frame", "--unknown-threshold", "0.99")  # keeps more
    off.check("sync")
    webcam.plug()
    off.until("test -w /dev/video0", 20)
    service.start()
    for cut in range(CUTS):
        off.check(f"sysctl -q {_SOON}; sleep {moments.uniform(2, 12):.2f}")
        off.power_cut()
        webcam.unplug()
        off.start(plugged=[webcam])
        service.until_live(60)
        figure(f"live after power cut {cut + 1}", off.run("true").uptime_s)
        assert "read-only" not in off.run("dmesg | grep -i 'EXT4-fs'").out
        found = off.python(_LOOK)
        print(found)
        assert not found["broken"] and not found["damaged"] and not found["alone"], found
        assert found["lines"]
    _check_file_system(off)


def test_just_after_an_install(off: Guest) -> None:
    """Unit and token are there once `service install` has ended, whatever happens then."""
    off.start(READY)
    service = Service(guest=off)
    off.check("rm -rf /etc/edgefmnist /etc/systemd/system/edgefmnist.service; sync")
    service.install("--source", "demo", "--preview", "127.0.0.1:8080")
    token = off.check("cat /etc/edgefmnist/camera.env")
    unit = off.check("cat /etc/systemd/system/edgefmnist.service")
    off.power_cut()
    off.start()
    assert "EDGEFMNIST_PREVIEW_TOKEN=" in token
    assert off.check("cat /etc/edgefmnist/camera.env") == token
    assert off.check("cat /etc/systemd/system/edgefmnist.service") == unit
    assert off.check("stat -c %a /etc/edgefmnist/camera.env").strip() == "600"


def test_while_a_background_is_learned(off: Guest) -> None:
    """It is there whole, as it was before, or not at all."""
    webcam = off.webcam()
    off.start(READY, plugged=[webcam])
    off.until("test -w /dev/video0", 20)
    learn = (
        "mkdir -p /etc/edgefmnist && edgefmnist camera --source /dev/video0 --size 320x240 "
        "--learn-background --background /etc/edgefmnist/background.npz"
    )
    off.check(learn)
    off.power_cut()
    off.start()
    read = "import numpy; print(len(numpy.load('/etc/edgefmnist/background.npz').files))"
    assert off.python(read) > 0


def _check_file_system(guest: Guest) -> None:
    """The journal of ext4 is played back at the boot; nothing else is wrong with the disk."""
    guest.check("systemctl stop edgefmnist; sync; mount -o remount,ro / || true")
    done = guest.run("e2fsck -fn /dev/vda", 300)
    assert done.code == 0, done.out + done.err
