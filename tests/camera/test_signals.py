"""Signals at the worst moments, in real processes."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.camera.outputs.conftest import wait_for

STORM = """
import os, signal, time
from edgefmnist.camera.signals import reload_requested, stop_requested

os.setsid()  # without a terminal, as a service
with reload_requested() as reload_asked, stop_requested() as stop_asked:
    sender = os.fork()
    if not sender:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            os.kill(os.getppid(), signal.SIGHUP)
        os.kill(os.getppid(), signal.SIGTERM)
        os._exit(0)
    told = 0
    while not stop_asked():
        told += reload_asked()
    assert os.waitpid(sender, 0)[1] == 0
    print(told > 5)
"""


def test_a_storm_of_signals_is_as_many_requests_as_are_looked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STORM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stop_does_not_wait_for_a_reader(
    number: signal.Signals, stream: str, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"x" * 4096)  # it is full, and nobody reads
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    streams[stream] = writing
    log = tmp_path / "log"
    process = subprocess.Popen(
        [sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", "--jsonl",
         "--every-frame", "--mqtt", "mqtt://127.0.0.1:1", "--log", str(log)],
        **streams,
    )  # fmt: skip
    try:
        wait_for(log.exists)  # outputs are open, and what is written next finds no room
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)
