"""``tcp://``: whatever a program sends to who connects, as ``rpicam-vid --listen`` does."""

from __future__ import annotations

import contextlib
import time
from urllib.parse import urlsplit

from edgefmnist.camera.decoding.jpeg_structure import BEGINS
from edgefmnist.camera.source import without_password
from edgefmnist.camera.sources.http.address import host_of
from edgefmnist.camera.sources.http.connection import TimedReader, connected
from edgefmnist.camera.sources.jpegs import Jpegs, has_picture
from edgefmnist.camera.sources.mjpeg import MjpegSource
from edgefmnist.camera.sources.stream import OPEN_TIMEOUT_S, StreamSource, no_video, open_body
from edgefmnist.errors import CameraUnavailable, UsageError

# How other streams begin: MPEG transport and program streams, H.264, H.265 and MP4 with its boxes,
# Matroska, AVI, FLV, Ogg, NUT, IVF, YUV4MPEG, GIF.
_OTHERS = (b"G", b"\0\0", b"\x1aE\xdf", b"RIF", b"FLV", b"Ogg", b"nut", b"DKI", b"YUV")
_JOINING_S, _JOINING_BYTES = 2.0, 1 << 19  # in which a picture begins that is whole
_NOTICING_S = 0.2


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
        try:
            if _is_jpegs(body):
                return MjpegSource(body, name, Jpegs)
            return open_body(body, name, frame_s=frame_s)
        except BaseException:
            body.close()
            raise
    except OSError as error:
        raise CameraUnavailable(no_video(name, error)) from error


class TcpBody:
    """What comes over one connection; a `stream.Body`."""

    def __init__(self, host: str, port: int, until_s: float) -> None:
        """Connect. until_s: by ``time.monotonic()``. Raises: OSError."""
        self._wire = TimedReader(connected(host, port, until_s), until_s)
        self._peeked = b""

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end. Raises: OSError."""
        while len(self._peeked) < size and (more := self._wire.read(size - len(self._peeked))):
            self._peeked += more
        return self._peeked[:size]

    def peek_for(self, wait_s: float, size: int) -> bytes:
        """As many of the next `size` bytes as come within `wait_s`. Raises: OSError."""
        until_s = self._wire.until_s
        self._wire.until_s = min(until_s, time.monotonic() + wait_s)
        try:
            return self.peek(size)
        except TimeoutError:
            return self._peeked
        finally:
            self._wire.until_s = until_s

    def read1(self, size: int, until_s: float) -> bytes:
        """1 to `size` bytes, none at the end. until_s: by ``time.monotonic()``. Raises: OSError."""
        if self._peeked:
            taken, self._peeked = self._peeked[:size], self._peeked[size:]
            return taken
        self._wire.until_s = until_s
        return self._wire.read(size) or b""

    def close(self) -> None:
        """Disconnect."""
        with contextlib.suppress(OSError):
            self._wire.close()


def _is_jpegs(body: TcpBody) -> bool:
    """Whether JPEG pictures come, also to who joins in the middle of one. Raises: OSError."""
    begins = body.peek(len(BEGINS))
    if begins == BEGINS:
        return True
    # The middle of a picture may by chance begin as another stream does, which should not wait.
    wait_s = _NOTICING_S if begins.startswith(_OTHERS) else _JOINING_S
    return has_picture(body.peek_for(wait_s, _JOINING_BYTES))


def _address(uri: str, name: str) -> tuple[str, int]:
    """Host and port. Raises: UsageError."""
    try:
        parts = urlsplit(uri)
        host, port = host_of(parts), parts.port
    except ValueError as error:
        raise UsageError(f"--source {name} is no address: give tcp://HOST:PORT") from error
    if not host or not port:
        raise UsageError(f"--source {name} names no host and port; give tcp://HOST:PORT")
    return host, port
