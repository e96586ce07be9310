"""MJPEG over a network: JPEG pictures as parts of an HTTP answer, or one after the other.

Read picture by picture here and not by FFmpeg, which decodes what is left of a cut picture, scales
a picture of another size to that of the first, and holds frames back while it looks at the stream.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from edgefmnist.camera.decoding.jpeg_structure import BEGINS
from edgefmnist.camera.decoding.limits import STREAM
from edgefmnist.camera.decoding.live import LiveDecoder
from edgefmnist.camera.source import without_password
from edgefmnist.camera.sources.decoder import is_playlist
from edgefmnist.camera.sources.http import failures
from edgefmnist.camera.sources.http.address import Address, parse
from edgefmnist.camera.sources.http.connection import Answer
from edgefmnist.camera.sources.http.multipart import Multipart
from edgefmnist.camera.sources.http.opening import open_answer
from edgefmnist.camera.sources.jpegs import Jpegs
from edgefmnist.camera.sources.pieces import Ended
from edgefmnist.camera.sources.stream import Body, StreamSource, open_body
from edgefmnist.errors import CameraUnavailable, UsageError
from edgefmnist.records import Frame

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 600.0
"""Longer than the watchdog ever waits: it knows the camera's pace, which may be minutes."""

_NOT_VIDEO = ("text/", "application/json", "application/xml", "image/")


def open_http(uri: str, *, ca: Path | None = None) -> MjpegSource | StreamSource:
    """Connect to a stream of JPEG pictures, or to any other that FFmpeg reads.

    A user and a password in the address answer the server's Digest or Basic challenge. ca: a file
    with the camera's own certificate, or with that of its authority.

    Raises: CameraUnavailable after at most about `OPEN_TIMEOUT_S` or, for any other stream, as
    `open_body`; UsageError where the address is none, before anything is connected.
    """
    try:
        address = parse(uri)
    except ValueError as error:
        raise UsageError(
            f"--source {without_password(uri)} is not an address such as http://HOST:PORT/: {error}"
        ) from error
    with _translated(address):
        answer = open_answer(address, time.monotonic() + OPEN_TIMEOUT_S, ca)
        try:
            source = _source(address, answer)
        except BaseException:
            answer.close()
            raise
    return source


def _source(address: Address, answer: Answer) -> MjpegSource | StreamSource:
    failures.refuse_status(address, answer)
    failures.refuse_compression(address, answer)
    kind = answer.headers.get_content_type()
    if kind == "image/jpeg":
        raise CameraUnavailable(
            f"{address} is a single picture and not a stream: see the camera's manual for the "
            "address of its MJPEG stream"
        )
    if kind.startswith("multipart/"):
        return MjpegSource(answer, str(address), Multipart)
    begins = answer.peek(256)
    if begins.lstrip(b"\r\n").startswith(b"--"):  # as FFmpeg's server, which does not say what
        return MjpegSource(answer, str(address), Multipart)
    if begins.startswith(BEGINS):
        return MjpegSource(answer, str(address), Jpegs)
    if kind.startswith(_NOT_VIDEO) and "Content-Type" in answer.headers:
        raise CameraUnavailable(
            f"{address} answers with {failures.said(kind)}, not with a video: see the camera's "
            "manual for the address of its stream"
        )
    if is_playlist(begins) or "mpegurl" in kind:
        raise CameraUnavailable(
            f"{address} is a playlist (HLS, DASH), which names others and is not followed: "
            "give the address of the camera's RTSP or MJPEG stream"
        )
    return open_body(answer, str(address))


@contextlib.contextmanager
def _translated(address: Address | str) -> Iterator[None]:
    """Whatever goes wrong here is the other side's doing, and an error of the camera."""
    try:
        yield
    except failures.FORESEEN as error:
        raise failures.explained(error, address) from error


class Parts(Protocol):
    """Splits bytes into pictures; made with a function that gives some more of them.

    timestamp: of the newest picture, by the camera's own clock; empty where it does not say.
    """

    timestamp: bytes

    def part(self) -> bytes:
        """The next picture. Raises: Ended, ValueError, what the function raises."""
        ...


class MjpegSource:
    """Frames of a stream of JPEG pictures; see `source.Source`.

    A damaged picture is passed over; pictures of another size are given as they are, but for those
    that `STREAM` reduces.
    """

    live = True

    def __init__(
        self, body: Body, name: str, split: Callable[[Callable[[], bytes]], Parts]
    ) -> None:
        """Take over a `body`, which `split` takes apart."""
        self.name = name
        self._body = body
        self._until_s = 0.0
        self._parts = split(lambda: body.read1(1 << 16, self._until_s))
        self._before: tuple[bytes, bytes] | None = None
        self._decoder = LiveDecoder(STREAM)
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for the next whole picture.

        Raises: CameraUnavailable where the stream ends, stalls, or only damaged ones come.
        """
        self._until_s = time.monotonic() + READ_TIMEOUT_S
        while True:
            data = self._part()
            now = time.monotonic_ns()
            pixels = self._decoder.decode(data)
            if pixels is not None:
                break
            if complaint := self._decoder.complaint:
                raise CameraUnavailable(
                    f"{self.name} {complaint}: check the camera's settings and the network"
                )
        self._count += 1
        # A drawn picture may well be the same again; a camera that froze sends the same bytes, and
        # has no newer time for them.
        before, self._before = self._before, (data, self._parts.timestamp)
        return Frame(
            pixels=pixels,
            captured_ns=now,
            index=self._count - 1,
            proven_new=before is not None and before != self._before,
        )

    def _part(self) -> bytes:
        try:
            with _translated(self.name):
                return self._parts.part()
        except Ended as error:
            raise CameraUnavailable(
                f"{self.name} ended after {self._count} frames: check the sender"
            ) from error

    def close(self) -> None:
        """Disconnect."""
        self._body.close()
