"""Another driver of the kernel: vivid, which has planar formats, several inputs and any size."""

from __future__ import annotations

import json

import pytest

from tests.machine.guest import Guest

pytestmark = pytest.mark.machine


@pytest.fixture
def vivid(guest: Guest) -> Guest:
    """A machine with one camera by vivid, /dev/video0."""
    guest.check("modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0", 60)
    guest.until("test -w /dev/video0", 30)
    return guest


@pytest.mark.parametrize("options", ["--size 320x180", "--size 640x360 --fps 5"])
def test_it_is_a_camera(vivid: Guest, options: str) -> None:
    done = vivid.run(f"edgefmnist camera --source /dev/video0 {options} --frames 2 --jsonl")
    assert done.code == 0, done.err
    assert any(json.loads(line)["event"] == "label" for line in done.out.splitlines())
    assert options.split()[1] in done.err, done.err


def test_it_is_listed(vivid: Guest) -> None:
    """By name, and with formats that can be read: no control characters."""
    listed = vivid.check("edgefmnist camera --list")
    assert "vivid" in listed and "ready" in listed, listed
    assert all(one.isprintable() for one in listed.splitlines()), repr(listed)


def test_its_errors(vivid: Guest) -> None:
    """A queue that fails while streaming loses the camera, and the command says so."""
    camera = "edgefmnist camera --source /dev/video0 --size 320x180 --give-up-after 8 --jsonl"
    vivid.check(f"{camera} > /tmp/out 2> /tmp/err & echo $! > /tmp/pid")
    vivid.until("grep -q live /tmp/out", 30)
    vivid.check("v4l2-ctl -d /dev/video0 -c inject_dqbuf_error=1; sleep 1", 20)
    vivid.run("v4l2-ctl -d /dev/video0 -c disconnect=1; sleep 12", 40)
    assert '"stale"' in vivid.check("cat /tmp/out")
    assert "Traceback" not in vivid.check("cat /tmp/err")
