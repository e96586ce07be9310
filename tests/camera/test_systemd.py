"""What systemd hears, at a real socket of the kind it listens to."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.events import CameraEvent, State, Status
from edgefmnist.camera.fanout import Fanout
from edgefmnist.camera.sinks.systemd import open_systemd
from edgefmnist.errors import UsageError
from edgefmnist.records import ModelInUse, Prediction
from tests.camera.conftest import MjpegServer
from tests.camera.sources.servers import free_port

LIVE = Status(state=State.LIVE, since_ns=0)
STALE = Status(state=State.STALE, fault="frozen", detail="the same\nframe for 2 s", since_ns=0)


class Listener:
    """The end at which systemd would listen."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.address = address

    def heard(self, wait_s: float = 0.05) -> list[str]:
        """All messages so far, none of which comes later than `wait_s` after the one before."""
        self.socket.settimeout(wait_s)
        messages = []
        try:
            while True:
                messages.append(self.socket.recv(4096).decode())
        except TimeoutError:
            return messages

    def wait_for(self, words: str, limit_s: float = 60) -> list[str]:
        """Messages up to the one that has `words`."""
        self.socket.settimeout(limit_s)
        messages = [self.socket.recv(4096).decode()]
        while words not in messages[-1]:
            messages.append(self.socket.recv(4096).decode())
        return messages


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Listener]:
    names = {"path": str(tmp_path / "notify"), "abstract": f"@edgefmnist/{secrets.token_hex(8)}"}
    listener = Listener(names[request.param])
    monkeypatch.setenv("NOTIFY_SOCKET", listener.address)
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    yield listener
    listener.socket.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, to be set by hand."""
    now = [1000.0]
    stand_in = types.SimpleNamespace(monotonic=lambda: now[0])  # for this module alone
    monkeypatch.setattr("edgefmnist.camera.sinks.systemd.time", stand_in)
    return now


def event(announced: str = "Sneaker") -> CameraEvent:
    return CameraEvent(
        frame=0,
        name="",
        captured_ns=0,
        pixels=np.zeros((2, 2, 3), np.uint8),
        announced=announced,
        changed=False,
        model=ModelInUse(name="edge"),
        prediction=Prediction.named(
            label_index=7, known=0.9, top=(("Sneaker", 0.9),), latency_ns=1
        ),
        picture=None,
        box=None,
        mask=None,
        capture_ns=1,
        preprocess_ns=1,
        infer_ns=1,
        fps=29.8,
        dropped=0,
        true_label=None,
        background_fits=None,
    )


def test_ready_comes_once_with_the_first_state_and_before_any_frame(systemd: Listener) -> None:
    sink = open_systemd()
    assert systemd.heard() == []
    sink.on_status(Status(state=State.STARTING, since_ns=0))
    assert systemd.heard() == ["READY=1\nSTATUS=starting"]
    sink.on_status(LIVE)
    assert systemd.heard() == ["STATUS=live"]
    sink.close()
    assert systemd.heard() == ["STOPPING=1\nSTATUS=stopping"]


def test_only_frames_are_signs_of_life_and_not_every_one(
    systemd: Listener, clock: list[float]
) -> None:
    sink = open_systemd()
    sink.on_status(LIVE)
    systemd.heard()
    sink.on_event(event())
    assert systemd.heard() == ["WATCHDOG=1", "STATUS=live: Sneaker, 29.8 fps"]
    for _ in range(100):
        clock[0] += 0.01
        sink.on_event(event("Bag"))
    assert systemd.heard() == []
    clock[0] += 15
    sink.on_event(event("Bag"))
    assert systemd.heard() == ["WATCHDOG=1", "STATUS=live: Bag, 29.8 fps"]
    for _ in range(10):  # minutes without a frame
        clock[0] += 60
        sink.on_status(STALE)
    assert set(systemd.heard()) == {"STATUS=stale the same frame for 2 s"}
    sink.on_event(event("Bag"))
    assert systemd.heard()[0] == "WATCHDOG=1"
    sink.close()


def test_a_camera_that_is_not_there_is_waited_for_alive(systemd: Listener) -> None:
    """A restart would not bring it; of one that is there and shows nothing it might."""
    sink = open_systemd()
    detail = "no camera at /dev/video0"
    for state in (State.STALE, State.RESTARTING):
        sink.on_status(Status(state=state, fault="unavailable", detail=detail, since_ns=0))
    assert systemd.heard() == [
        f"READY=1\nSTATUS=stale {detail}",
        "WATCHDOG=1",
        f"STATUS=restarting {detail}",
        "WATCHDOG=1",
    ]
    sink.on_status(Status(state=State.STALE, fault="black", detail="black", since_ns=0))
    assert systemd.heard() == ["STATUS=stale black"]
    sink.close()


@pytest.mark.parametrize(
    "environment",
    [{"WATCHDOG_USEC": ""}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_PID": "1"}],
    ids=["no watchdog", "switched off", "for another process"],
)
def test_without_a_watchdog_no_sign_of_life(
    systemd: Listener, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sink = open_systemd()
    sink.on_status(LIVE)
    sink.on_event(event())
    assert systemd.heard() == ["READY=1\nSTATUS=live", "STATUS=live: Sneaker, 29.8 fps"]
    sink.close()


def test_a_systemd_that_does_not_read_is_not_waited_for_and_told_later(
    systemd: Listener, clock: list[float]
) -> None:
    sink = open_systemd()
    for _ in range(5000):  # far more than the socket holds: a send that waits would hang here
        sink.on_status(STALE)
    clock[0] += 60
    sink.on_event(event())
    assert not any("WATCHDOG" in message for message in systemd.heard())
    sink.on_event(event())  # no time has passed: the one that did not fit is still due
    assert "WATCHDOG=1" in systemd.heard()
    sink.close()


def test_a_systemd_that_is_gone_is_told_once_and_ends_nothing(
    systemd: Listener, clock: list[float]
) -> None:
    troubles: list[OSError | None] = []
    fanout = Fanout([open_systemd()], lambda _, error, missed: troubles.append(error))
    fanout.status(LIVE)
    systemd.socket.close()
    for seconds in (60, 0.04, 0.04, 1, 60, 0.04):  # something is due at two of these frames
        clock[0] += seconds
        fanout.event(event())
    assert len(troubles) == 1 and "NOTIFY_SOCKET" in str(troubles[0])
    fanout.close()


def test_a_socket_that_systemd_shut_does_not_read_as_a_closed_stdout(systemd: Listener) -> None:
    sink = open_systemd()
    systemd.socket.shutdown(socket.SHUT_RD)  # sending then fails with EPIPE
    with pytest.raises(OSError, match="Broken pipe") as raised:
        sink.on_status(LIVE)
    assert not isinstance(raised.value, BrokenPipeError)


def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "vsock:2:1234")
    with pytest.raises(UsageError, match="vsock"):
        open_systemd()


# The whole command, started as systemd does.


@pytest.fixture
def started(small_model: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []

    def start(listener: Listener, *words: str) -> subprocess.Popen[bytes]:
        # WATCHDOG_PID is that of the new process, as after systemd's fork.
        code = (
            "import os; os.environ['WATCHDOG_PID'] = str(os.getpid());"
            "from edgefmnist.__main__ import main; main()"
        )
        command = [sys.executable, "-c", code, "camera", "--model", str(small_model), *words]
        environment = os.environ | {
            "NOTIFY_SOCKET": listener.address,
            "WATCHDOG_USEC": "400000",
        }
        children.append(
            subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        )
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    one = Listener(str(tmp_path / "notify"))
    yield one
    one.socket.close()


def test_a_service_is_ready_alive_and_stops_cleanly(
    listener: Listener, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    child = started(listener, "--source", "demo")
    heard = listener.wait_for("WATCHDOG=1")
    assert heard[0].startswith("READY=1\nSTATUS=")
    listener.wait_for("STATUS=live: ")
    child.send_signal(signal.SIGTERM)
    assert listener.wait_for("STOPPING=1")[-1] == "STOPPING=1\nSTATUS=stopping"
    assert child.wait(60) == 0


def test_a_camera_that_falls_silent_gives_no_sign_of_life(
    listener: Listener,
    started: Callable[..., subprocess.Popen[bytes]],
    mjpeg_server: Callable[..., MjpegServer],
) -> None:
    server = mjpeg_server(stall_after=60)
    child = started(listener, "--source", server.url)
    listener.wait_for("WATCHDOG=1")
    server._http.shutdown()  # who connects again waits in vain
    end = time.monotonic() + 60
    while server.sent < 59:  # the last frame before the silence
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.5)  # what was on its way is classified
    listener.heard()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert not any("WATCHDOG" in one for one in listener.heard())
    assert child.poll() is None


def test_a_service_starts_without_its_camera_and_finds_it_later(
    listener: Listener,
    started: Callable[..., subprocess.Popen[bytes]],
    mjpeg_server: Callable[..., MjpegServer],
) -> None:
    port = free_port()
    child = started(listener, "--source", f"http://127.0.0.1:{port}/stream.mjpg")
    heard = listener.wait_for("WATCHDOG=1")
    assert heard[0].startswith("READY=1\nSTATUS=stale ") and "127.0.0.1" in heard[0]
    assert not any("STATUS=live" in one for one in heard)
    mjpeg_server(port=port)
    listener.wait_for("STATUS=live: ")
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == 0


def test_what_is_wrong_in_the_command_ends_a_service_all_the_same(
    listener: Listener, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    child = started(listener, "--source", "nothing-of-ours")
    assert child.wait(60) == 2 and listener.heard() == []


def test_a_camera_slower_than_the_watchdog_makes_that_longer(
    systemd: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    for frame_s, longer in ((0.0, False), (10.0, False), (100.0, True)):
        sink = open_systemd(frame_s)
        sink.on_status(LIVE)
        assert ("WATCHDOG_USEC=1200000000" in systemd.heard()[0].splitlines()) == longer
        sink.close()
        systemd.heard()
