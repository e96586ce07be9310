"""Network streams through FFmpeg: rtsp, and tcp and http(s) where it is not MJPEG.

A stream opens its own address and nothing else: not what a playlist in it names. Pictures whose
size changes on the way are given as they come.
"""

from __future__ import annotations

import math
import re
import time
from typing import Protocol
from urllib.parse import urlsplit

from edgefmnist.camera.decoding.limits import MEGA, MOST_VIDEO_PIXELS
from edgefmnist.camera.source import Damaged, without_password
from edgefmnist.camera.sources.decoder import (
    Decoder,
    Readable,
    library,
    open_video_stream,
    pixels_of,
)
from edgefmnist.errors import CameraUnavailable, UsageError
from edgefmnist.records import Frame

OPEN_TIMEOUT_S = 8.0
READ_TIMEOUT_S = 20.0  # for a slow sender; the watchdog, which learns its pace, is sooner
KEYFRAME_S = 18.0  # for the first: until then nothing can be decoded whole

# What FFmpeg looks at before it says what the stream holds is a delay at the start: with these a
# few frames. They are decoded at once, so nothing lags; a first keyframe among them is needed.
_SOON = {"analyzeduration": "2000000", "fpsprobesize": "0"}
_RTSP = {
    "protocol_whitelist": "rtp,rtcp,udp,tcp",
    "allowed_media_types": "video",
    # More than one, so that a lost packet is noticed: FFmpeg then says so.
    "reorder_queue_size": "64",
    "max_delay": "200000",  # µs that a missing packet is waited for
}


def open_stream(uri: str, *, frame_s: float = 0.0) -> StreamSource:
    """Connect to an rtsp:// address. frame_s: time between frames where that is known.

    It goes over TCP, which loses nothing, and over UDP where the camera does not do that.

    Raises: UsageError where the address names no host; CameraUnavailable after at most twice
    `OPEN_TIMEOUT_S`; MissingDependency.
    """
    rest = re.sub(r"^([^/]*\[[^]/]*)%25", r"\1%", uri.partition("://")[2])  # a zone (RFC 6874)
    uri, name = f"rtsp://{rest}", without_password(uri)
    _check_address(uri, name)
    read_s = max(READ_TIMEOUT_S, 3 * frame_s)
    try:
        return _opened(uri, name, {**_RTSP, "rtsp_transport": "tcp"}, "rtsp", read_s)
    except CameraUnavailable as refused:
        if not _another_transport_may_do(refused):
            raise
        try:
            return _opened(uri, name, {**_RTSP, "rtsp_transport": "udp"}, "rtsp", read_s)
        except CameraUnavailable as again:
            raise (refused if _another_transport_may_do(again) else again) from None


def _check_address(uri: str, name: str) -> None:
    try:
        host = urlsplit(uri).hostname
    except ValueError:  # a password may hold anything: FFmpeg reads it in its own way
        return
    if not host:
        raise UsageError(f"--source {name} names no host; give rtsp://HOST:PORT/PATH")


def _another_transport_may_do(refused: CameraUnavailable) -> bool:
    """Not where nobody answers, the path is wrong, or the password."""
    error = library().error
    final = (ConnectionRefusedError, error.HTTPNotFoundError, *_denials())
    return not isinstance(refused.__cause__, final)


def _denials() -> tuple[type[Exception], ...]:
    error = library().error
    return error.HTTPUnauthorizedError, error.HTTPForbiddenError


class Body(Protocol):
    """Bytes from a connection that is open."""

    def read1(self, size: int, until_s: float) -> bytes:
        """At least one byte, none at the end; until_s: by ``time.monotonic()``.

        Raises: OSError, HTTPException, ValueError.
        """
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


def open_body(body: Body, name: str, *, frame_s: float = 0.0) -> StreamSource:
    """Take over a `body` that is a video without end; FFmpeg connects to nothing itself.

    frame_s: time between frames where that is known. Raises: CameraUnavailable, MissingDependency.
    """
    read_s = max(READ_TIMEOUT_S, 3 * frame_s)
    readable = _Readable(body, read_s)
    source = _opened(readable, name, {}, read_s=read_s)
    readable.deadline = math.inf
    return source


class _Readable:
    """A body as FFmpeg reads it, as much as is there."""

    def __init__(self, body: Body, read_s: float) -> None:
        self.close = body.close
        self.deadline = time.monotonic() + OPEN_TIMEOUT_S
        self._body, self._read_s = body, read_s

    def read(self, size: int, /) -> bytes:
        """At least one byte, none at the end. Raises: OSError."""
        from http.client import HTTPException  # brings TLS, which other streams do not need

        if time.monotonic() > self.deadline:
            raise TimeoutError
        try:
            return self._body.read1(size, min(self.deadline, time.monotonic() + self._read_s))
        except (HTTPException, ValueError) as error:
            raise OSError(type(error).__name__) from error


def _opened(
    opened_from: str | Readable,
    name: str,
    options: dict[str, str],
    format: str | None = None,
    read_s: float = READ_TIMEOUT_S,
) -> StreamSource:
    av = library()
    try:
        decoder = open_video_stream(
            opened_from,
            format=format,
            options={**_SOON, **options},
            timeout=(OPEN_TIMEOUT_S, read_s),
            live=True,
        )
    except _denials() as error:
        raise CameraUnavailable(
            f"{name} refuses user or password: give the right ones in the address, as in "
            "rtsp://USER:PASSWORD@HOST/, with every special character as %XX"
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise CameraUnavailable(no_video(name, error)) from error
    if decoder is None:
        raise CameraUnavailable(
            f"{name} sends no video: see the camera's manual for its video's address"
        )
    return StreamSource(decoder, name, read_s)


def no_video(name: str, error: Exception) -> str:
    """Why there is none, and what to look at."""
    said = getattr(error, "strerror", None) or type(error).__name__
    if _is_timeout(error):
        said = f"nothing for {OPEN_TIMEOUT_S:g} s"
    elif isinstance(error, library().error.HTTPOtherClientError):
        said = "the sender refuses, with a status of 4xx"  # FFmpeg does not pass it on
    return (
        f"no video from {name} ({said}): check that address, port and path are right and that "
        "the sender runs; a playlist (HLS, DASH) is not followed"
    )


def _is_timeout(error: Exception) -> bool:
    """Whether time ran out; FFmpeg calls that an exit that was requested."""
    said = getattr(error, "strerror", None) or ""
    return isinstance(error, TimeoutError) or "exit requested" in said.lower()


class StreamSource:
    """Whole frames of a network stream; see `source.Source` and `decoder`."""

    live = True

    def __init__(self, decoder: Decoder, name: str, read_s: float = READ_TIMEOUT_S) -> None:
        """Take over an open `decoder`, which waits `read_s` for a frame."""
        self._read_s = read_s
        self.name = name
        self._decoder = decoder
        self._count = 0
        self._given = False
        self._shown: int | None = None  # the newest frame's own time

    def read(self) -> Frame | None:
        """Wait for the next whole frame.

        Raises: Damaged, for each one lost after the first that was whole; CameraUnavailable where
        the stream ends, stalls or has no keyframe.
        """
        av = library()
        deadline = time.monotonic() + (READ_TIMEOUT_S if self._given else KEYFRAME_S)
        while True:
            try:
                frame = self._decoder.read(deadline)
                now = time.monotonic_ns()
                pixels = None if frame is None else pixels_of(frame)
            except Damaged:
                self._count += 1
                if self._given:
                    raise
                if time.monotonic() > deadline:
                    raise self._no_keyframe() from None
                continue
            except (av.error.FFmpegError, OSError, ValueError) as error:
                if self._count and not self._given and time.monotonic() > deadline:
                    raise self._no_keyframe() from error
                raise self._ended(error) from error
            if frame is None or pixels is None:
                raise self._ended()
            break
        self._count += 1
        self._given = True
        # An encoder sends what has not changed as nothing, so a still scene comes byte for byte
        # the same. What shows that the sender lives is that time goes on in its stream. The first
        # frame of a connection shows nothing yet: it may be what the camera froze on.
        moved = frame.pts is None or (self._shown is not None and frame.pts != self._shown)
        self._shown = frame.pts
        return Frame(pixels=pixels, captured_ns=now, index=self._count - 1, proven_new=moved)

    def _ended(self, error: Exception | None = None) -> CameraUnavailable:
        if not self._given:
            width, height = self._decoder.declared
            if width * height > MOST_VIDEO_PIXELS:
                return CameraUnavailable(
                    f"{self.name} sends pictures of {width}x{height}: ask it for at most "
                    f"{MOST_VIDEO_PIXELS // MEGA} million pixels"
                )
        if error is not None and _is_timeout(error):
            return CameraUnavailable(
                f"{self.name} gave no frame for {self._read_s:g} s (after {self._count}): check "
                "the sender and the network"
            )
        return CameraUnavailable(f"{self.name} ended after {self._count} frames: check the sender")

    def _no_keyframe(self) -> CameraUnavailable:
        return CameraUnavailable(
            f"{self.name} sent no whole keyframe in {KEYFRAME_S:g} s: set a keyframe interval "
            "(GOP, I-frame interval) of one or two seconds at the camera, and check the network"
        )

    def close(self) -> None:
        """Disconnect."""
        self._decoder.close()
