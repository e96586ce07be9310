"""``tcp://``: whatever a program sends to who connects, as ``rpicam-vid --listen`` does."""

from __future__ import annotations

import contextlib
import time
from urllib.parse import urlsplit

from edgefmnist.camera.source import without_password
from edgefmnist.camera.sources.http.connection import TimedReader, connected
from edgefmnist.camera.sources.jpegs import BEGINS, Jpegs
from edgefmnist.camera.sources.mjpeg import MjpegSource
from edgefmnist.camera.sources.stream import (
    OPEN_TIMEOUT_S,
    StreamSource,
    no_video,
    open_body,
)
from edgefmnist.errors import CameraUnavailable, UsageError


def open_tcp(uri: str, *, frame_s: float = 0.0) -> MjpegSource | StreamSource:
    """Connect to a tcp:// address; frame_s: time between frames where that is known.

    JPEG pictures one after the other are read here, all else by FFmpeg.

    Raises: UsageError where the address names no host and port; CameraUnavailable after at most
    about `OPEN_TIMEOUT_S`; MissingDependency.
    """
    name = without_password(uri)
    host, port = _address(uri, name)
    until_s = time.monotonic() + OPEN_TIMEOUT_S
    try:
        body = TcpBody(host, port, until_s)
    except OSError as error:
        raise CameraUnavailable(no_video(name, error)) from error
    try:
        if body.peek(len(BEGINS)) == BEGINS:
            return MjpegSource(body, name, Jpegs)
        return open_body(body, name, frame_s=frame_s)
    except OSError as error:
        body.close()
        raise CameraUnavailable(no_video(name, error)) from error
    except BaseException:
        body.close()
        raise


class TcpBody:
    """What comes over one connection; a `stream.Body`."""

    def __init__(self, host: str, port: int, until_s: float) -> None:
        """Connect. until_s: by ``time.monotonic()``. Raises: OSError."""
        self._wire = TimedReader(connected(host, port, until_s), until_s)
        self._peeked = b""

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end. Raises: OSError, as by `until_s`."""
        while len(self._peeked) < size and (more := self._wire.read(size - len(self._peeked))):
            self._peeked += more
        return self._peeked[:size]

    def read1(self, size: int, until_s: float) -> bytes:
        """At least one byte, none at the end. until_s: by ``time.monotonic()``. Raises: OSError."""
        if self._peeked:
            taken, self._peeked = self._peeked, b""
            return taken
        self._wire.until_s = until_s
        return self._wire.read(size) or b""

    def close(self) -> None:
        """Disconnect."""
        with contextlib.suppress(OSError):
            self._wire.close()


def _address(uri: str, name: str) -> tuple[str, int]:
    """Host and port. Raises: UsageError."""
    try:
        parts = urlsplit(uri)
        host, port = (parts.hostname or "").replace("%25", "%"), parts.port
    except ValueError as error:
        raise UsageError(f"--source {name} is no address: give tcp://HOST:PORT") from error
    if not host or not port:
        raise UsageError(f"--source {name} names no host and port; give tcp://HOST:PORT")
    return host, port
