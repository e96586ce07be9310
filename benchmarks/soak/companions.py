"""Those at the other ends of the outputs: a viewer, a scraper, a broker with a subscriber."""

from __future__ import annotations

import abc
import contextlib
import http.client
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from edgefmnist.errors import MissingDependency

_START_S = 60.0
_SCRAPE_S = 5.0
_JPEG = b"\xff\xd8\xff"


def free_port() -> int:
    """A port on this machine that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run mosquitto and yield its port. Raises: MissingDependency."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise MissingDependency("the soak needs a broker: sudo apt install mosquitto")
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with (folder / "mosquitto.log").open("wb") as log:
        child = subprocess.Popen([program, "-c", str(settings)], stdout=log, stderr=log)
    try:
        _wait_for(port, threading.Event())
        yield port
    finally:
        child.terminate()
        child.wait()


def _wait_for(port: int, over: threading.Event) -> None:
    """Raises: TimeoutError."""
    end = time.monotonic() + _START_S
    while not over.wait(0.05):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > end:
            raise TimeoutError(f"nobody listens at port {port}")


class Companion(abc.ABC):
    """Something that goes on in a thread; count: what it received, failures: what went wrong."""

    def __init__(self, port: int) -> None:
        """Begin, as soon as somebody listens at `port`."""
        self.count = 0
        self.failures: list[str] = []
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What goes wrong from now on is no failure: whoever listens is about to end."""
        self._over.set()

    def close(self) -> None:
        """Wait for its end."""
        self.stop()
        self._thread.join(_START_S)

    def _run(self) -> None:
        try:
            _wait_for(self._port, self._over)
            self._work()
        except (OSError, http.client.HTTPException) as error:
            if not self._over.is_set():
                self.failures.append(f"{type(error).__name__}: {error}")

    @abc.abstractmethod
    def _work(self) -> None:
        """Receive until `_over` is set. Raises: OSError, HTTPException."""


class Viewer(Companion):
    """Watches the page's stream; counts pictures."""

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", "/stream.mjpg")
            answer = connection.getresponse()
            if answer.status != 200:
                raise OSError(f"/stream.mjpg answered {answer.status}")
            while not self._over.is_set():
                piece = answer.read1(1 << 16)
                if not piece:
                    raise OSError("/stream.mjpg ended")
                self.count += piece.count(_JPEG)


class Scraper(Companion):
    """Reads the metrics every five seconds, as Prometheus would; counts the readings."""

    def _work(self) -> None:
        while not self._over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            with contextlib.closing(connection):
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                if answer.status != 200 or b"# TYPE" not in answer.read():
                    raise OSError(f"/metrics answered {answer.status}")
            self.count += 1
            self._over.wait(_SCRAPE_S)


class Subscriber:
    """Hears everything that is published; counts the messages."""

    def __init__(self, port: int) -> None:
        """Subscribe at the broker on this machine."""
        from paho.mqtt.client import Client, MQTTMessage
        from paho.mqtt.enums import CallbackAPIVersion

        self.count = 0
        self.failures: list[str] = []

        def heard(_client: Client, _data: object, _message: MQTTMessage) -> None:
            self.count += 1

        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = heard
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("#")
        self._client.loop_start()

    def stop(self) -> None:
        """Nothing: the broker stays until the end."""

    def close(self) -> None:
        """Leave."""
        self._client.loop_stop()
        self._client.disconnect()
