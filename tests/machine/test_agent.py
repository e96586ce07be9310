"""What runs in the guest, at a terminal instead of the port."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Ask an agent whose port is there a moment after its start."""
    near, far = pty.openpty()
    tty.setraw(far)
    port = tmp_path / "port"
    start = f"from tests.machine import agent; agent.PORT = {str(port)!r}; agent.main()"
    child = subprocess.Popen([sys.executable, "-c", start])
    port.symlink_to(os.ttyname(far))

    def ask(shell: str, timeout_s: float = 20.0, *, until: bool = False) -> dict[str, Any]:
        asked = {"id": 5, "shell": shell, "timeout_s": timeout_s, "until": until}
        os.write(near, json.dumps(asked).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += os.read(near, 1 << 16)
        told: dict[str, Any] = json.loads(answer)
        assert told["id"] == 5 and told["uptime_s"] > 0
        return told

    yield ask
    child.kill()
    child.wait()
    os.close(near)
    os.close(far)


def test_commands(ask: Ask) -> None:
    told = ask("echo out; echo err >&2; exit 3")
    assert (told["code"], told["out"], told["err"]) == (3, "out\n", "err\n")
    assert len(ask("head -c 200000 /dev/zero | tr '\\0' x")["out"]) == 200_000


def test_a_command_that_takes_too_long_is_killed(ask: Ask) -> None:
    assert ask("echo begun; sleep 60", 0.5)["code"] == -9


def test_waiting(ask: Ask, tmp_path: Path) -> None:
    """Again and again until it ends well, or for so long."""
    told = ask(f"echo x >> {tmp_path}/n; test $(wc -l < {tmp_path}/n) = 3", until=True)
    assert told["code"] == 0 and told["took_s"] > 0
    assert ask("false", 0.3, until=True)["code"] == 1
