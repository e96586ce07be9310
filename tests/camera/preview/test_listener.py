"""``--preview HOST:PORT``: what is listened at, and what is refused."""

from __future__ import annotations

import os
import socket
import urllib.request
from pathlib import Path

import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.preview.listener import listen
from edgefmnist.errors import UsageError
from tests.camera.preview.conftest import OpenPreview, event, status
from tests.conftest import RunCli, assert_one_line


@pytest.mark.parametrize(
    ("address", "host", "loopback"),
    [
        (":0", "127.0.0.1", True),
        ("0", "127.0.0.1", True),
        ("127.0.0.1:0", "127.0.0.1", True),
        ("127.1.2.3:0", "127.1.2.3", True),
        ("localhost:0", "localhost", True),
        ("[::1]:0", "[::1]", True),
        ("0.0.0.0:0", None, False),
        ("[::]:0", None, False),
    ],
)
def test_each_form_listens_and_knows_who_can_reach_it(
    address: str, host: str | None, loopback: bool
) -> None:
    try:
        listener = listen(address)
    except UsageError:
        if "::" not in address or socket.has_ipv6:
            raise
        pytest.skip("no IPv6 here")
    with listener.socket:
        assert listener.loopback is loopback and listener.port > 0
        shown = listener.url.removeprefix("http://").removesuffix(f":{listener.port}/")
        assert shown == host or (host is None and shown not in ("0.0.0.0", "[::]", ""))
        family = listener.socket.family
        peer = ("127.0.0.1" if family == socket.AF_INET else "::1", listener.port)
        if listener.loopback:
            peer = (listener.socket.getsockname()[0], listener.port)
        with socket.socket(family) as client:
            client.connect(peer)


def test_every_address_means_both_families() -> None:
    with listen("[::]:0").socket as server, socket.socket(socket.AF_INET) as client:
        client.connect(("127.0.0.1", server.getsockname()[1]))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is not HOST:PORT"),
        ("localhost", "is not HOST:PORT"),
        ("0.0.0.0", "is not HOST:PORT"),
        ("127.0.0.1:", "is not HOST:PORT"),
        ("127.0.0.1:http", "is not HOST:PORT"),
        ("127.0.0.1:65536", "ports end at 65535"),
        (":99999", "ports end at 65535"),
        (":18446744073709551616", "ports end at 65535"),
        (f":{'9' * 5000}", "ports end at 65535"),
        (":\N{ARABIC-INDIC DIGIT EIGHT}0", "is not HOST:PORT"),
        (":0x50", "is not HOST:PORT"),
        (":8080.", "is not HOST:PORT"),
        ("[fe80::1%lo]:0", "browsers cannot open"),
        ("127.0.0.1:-1", "is not HOST:PORT"),
        ("::1:8080", "is not HOST:PORT"),
        ("http://127.0.0.1:8080", "is not HOST:PORT"),
        ("no-such-host.invalid:8080", "no machine is known as"),
        (f"{'a' * 70}.example:8080", "no machine is known as"),
        ("192.0.2.1:8080", "write 0.0.0.0:8080"),
    ],
)
def test_what_cannot_be_listened_at_says_what_to_write(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        listen(address)


LOOPBACK = ("127.0.1.1", "127.1", "0x7f000001", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]")


@pytest.mark.parametrize("host", [*LOOPBACK, "pi", "pi.example"])
def test_the_address_that_is_printed_can_be_opened(
    opened: OpenPreview, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    resolve = socket.getaddrinfo

    def hosts_file(name: str, *rest: object, **more: object) -> object:
        """Debian's way: the machine's own name leads to 127.0.1.1."""
        return resolve("127.0.1.1" if name.startswith("pi") else name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hosts_file)
    preview = opened(f"{host}:0")
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    for path in ("", "healthz", "metrics"):
        with urllib.request.urlopen(preview.url + path, timeout=20) as answer:
            assert answer.status == 200
    # Who named a machine may well have meant the network.
    assert ("this machine alone" in preview.note) == host.startswith("pi")


@pytest.mark.parametrize("command", ["camera", "service print --"])
def test_a_bad_port_is_one_line_before_a_camera_is_opened(run_cli: RunCli, command: str) -> None:
    options = ("--source", "rtsp://192.0.2.1/never", "--preview", ":99999")
    done = run_cli(*command.split(), *options, timeout=60)
    assert_one_line(done, 2, "--preview :99999", "65535")


def test_a_port_in_use_is_one_line_and_exit_2(run_cli: RunCli) -> None:
    with listen(":0").socket as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run_cli("camera", "--source", "demo", "--frames", "1", "--preview", address)
    assert_one_line(done, 2, address, "taken by another program", "0 for any free one")


def test_without_the_extra_the_command_to_install_it_is_told(
    run_cli: RunCli, tmp_path: Path
) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('gone', name='uvicorn')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run_cli("camera", "--source", "demo", "--preview", ":0", env={"PYTHONPATH": path})
    assert_one_line(done, 4, "uvicorn", "pip install 'edgefmnist[web]'")
