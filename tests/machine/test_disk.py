"""The disk is full, or cannot be written."""

from __future__ import annotations

import pytest

from tests.machine.conftest import READY, Figure
from tests.machine.guest import Guest
from tests.machine.service import OPTIONS, Service

pytestmark = pytest.mark.machine

_OVERLAY = r"""#!/bin/sh
mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cd /mnt/root && pivot_root . mnt
sed -i "s,^/dev/vda.*,," etc/fstab
exec /sbin/init
""".replace("\n", "\\n")
"""Process 1 on a root that is mounted read-only: puts memory over it, and systemd on top."""


def test_full(service: Service, figure: Figure) -> None:
    """Said once for each output; the camera stays live, and all is written again later."""
    guest = service.guest
    service.install(*OPTIONS, "--every-frame", "--unknown-threshold", "0.99")
    guest.webcam().plug()
    guest.until("test -w /dev/video0", 20)
    service.start()
    guest.run("sleep 2")
    said = len(service.journal())
    guest.run("fallocate -l $(df --output=avail -B1 / | tail -1) /fill; cat /dev/zero > /fill2")
    assert guest.check("df --output=avail / | tail -1").strip() == "0"
    guest.run("sleep 12")
    assert service.health()["code"] == 200
    lines = service.journal()[said:]
    about = [line for line in lines if "space" in line.lower()]
    assert 1 <= len(about) <= 4, lines
    before = len(service.events())
    guest.check("rm /fill /fill2")
    guest.run("sleep 5")
    assert service.health()["code"] == 200
    assert len(service.events()) > before
    assert service.show("NRestarts")["NRestarts"] == "0"


def test_read_only_root(off: Guest, figure: Figure) -> None:
    """Under an overlay in memory, as raspi-config makes it, the service runs as it is."""
    off.start(READY)
    off.check(f"printf '{_OVERLAY}' > /usr/local/sbin/overlay && chmod 755 /usr/local/sbin/overlay")
    off.check("sync")
    off.power_cut()
    off.append = "init=/usr/local/sbin/overlay"
    webcam = off.webcam()
    off.start(plugged=[webcam])
    service = Service(guest=off)
    assert off.check("findmnt -no FSTYPE /").strip() == "overlay"
    service.until_live(60)
    figure("live after power on, on a read-only root", off.run("true").uptime_s)
    off.run("sleep 5")
    assert service.events()
