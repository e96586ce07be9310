"""MJPEG over HTTP: JPEG pictures in a multipart answer without end.

Read part by part here and not by FFmpeg, which decodes what is left of a cut picture, scales a
picture of another size to that of the first, and holds frames back while it looks at the stream.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

from edgefmnist.camera.source import without_password
from edgefmnist.camera.sources import jpeg
from edgefmnist.camera.sources.stream import StreamSource, open_body
from edgefmnist.errors import CameraUnavailable, UsageError
from edgefmnist.records import Frame

READ_TIMEOUT_S = 5.0
_LARGEST_PART = 1 << 26  # bytes
_LONGEST_LINE = 1 << 16


def open_http(uri: str) -> MjpegSource | StreamSource:
    """Connect to a stream of JPEG pictures, or to any other that FFmpeg reads.

    A user and a password in the address answer the server's Basic or Digest challenge.

    Raises: CameraUnavailable after at most about `READ_TIMEOUT_S` or, for any other stream, as
    `open_body`; UsageError where the address is none.
    """
    name = without_password(uri)
    with _translated(name):
        answer = _opener(uri).open(_without_userinfo(uri), timeout=READ_TIMEOUT_S)
    try:
        kind = answer.headers.get_content_type()
        if kind == "image/jpeg":
            raise CameraUnavailable(
                f"{name} is a single picture and not a stream: see the camera's manual for the "
                "address of its MJPEG stream"
            )
        with _translated(name):
            # FFmpeg's own server, for one, does not tell what it sends.
            if kind.startswith("multipart/") or answer.peek(2)[:2] == b"--":
                return MjpegSource(answer, name)
            return open_body(answer, name)
    except BaseException:
        answer.close()
        raise


def _opener(uri: str) -> urllib.request.OpenerDirector:
    """Knows user and password for this address alone, so no redirect carries them elsewhere."""
    parts = urllib.parse.urlsplit(uri)
    if parts.username is None:
        return urllib.request.build_opener()
    known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    user, password = (urllib.parse.unquote(w or "") for w in (parts.username, parts.password))
    known.add_password(None, _without_userinfo(uri), user, password)
    return urllib.request.build_opener(
        urllib.request.HTTPBasicAuthHandler(known), urllib.request.HTTPDigestAuthHandler(known)
    )


def _without_userinfo(uri: str) -> str:
    parts = urllib.parse.urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    """Every way in which a connection fails, as one of our errors."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (401, 403):
            todo = "give user and password in the address, as in http://USER:PASSWORD@HOST/"
        else:
            todo = "check the path of the address"
        raise CameraUnavailable(f"{name} answers {error.code} ({error.reason}): {todo}") from error
    except (OSError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise CameraUnavailable(
                f"the certificate of {name} is not trusted ({cause.verify_message}): name the "
                "file of its authority in SSL_CERT_FILE"
            ) from error
        if isinstance(cause, TimeoutError):
            said = f"nothing for {READ_TIMEOUT_S:g} s"
        else:
            said = getattr(cause, "strerror", None) or type(cause).__name__
        raise CameraUnavailable(
            f"no video from {name} ({said}): check that address, port and path are right "
            "and that the sender runs"
        ) from error
    except ValueError as error:  # no host, or a port that is no number
        raise UsageError(f"--source {name} is not an address such as http://HOST:PORT/") from error


class MjpegSource:
    """Frames of a multipart stream of JPEG pictures; see `source.Source`.

    A damaged picture is passed over; pictures of another size are given as they are.
    """

    live = True

    def __init__(self, answer: http.client.HTTPResponse, name: str) -> None:
        """Take over an `answer` whose body begins with the first boundary."""
        self.name = name
        self._answer = answer
        self._boundary = b""
        self._at_part = False  # the next boundary was read already
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for the next whole picture.

        Raises: CameraUnavailable where the stream ends, stalls, or only damaged ones come.
        """
        deadline = time.monotonic() + READ_TIMEOUT_S
        with _translated(self.name):
            while True:
                data = self._part(deadline)
                now = time.monotonic_ns()
                pixels = jpeg.decode(data)
                if pixels is not None:
                    break
                if time.monotonic() > deadline:
                    raise CameraUnavailable(
                        f"{self.name} sends only damaged pictures: check the sender and the network"
                    )
        self._count += 1
        return Frame(pixels=pixels, captured_ns=now, index=self._count - 1)

    def _part(self, deadline: float) -> bytes:
        """The body of the next part."""
        length = self._headers(deadline)
        if length is None:
            return self._until_boundary(deadline)
        body = bytearray()
        while len(body) < length:
            piece = self._answer.read1(length - len(body))
            self._alive(piece, deadline)
            body += piece
        return bytes(body)

    def _headers(self, deadline: float) -> int | None:
        """Skip to the next part, and past its headers; its Content-Length where it has one."""
        while not (self._at_part or self._is_boundary(self._line(deadline))):
            pass
        self._at_part = False
        length = None
        while line := self._line(deadline).strip():
            key, _, value = line.partition(b":")
            if key.strip().lower() == b"content-length" and value.strip().isdigit():
                length = min(int(value), _LARGEST_PART)
        return length

    def _is_boundary(self, line: bytes) -> bool:
        """Whether a part begins here.

        The boundary is what the body begins with: there are cameras whose header names another.
        """
        word = line.strip()
        if not self._boundary:
            self._boundary = word
        return word != b"" and word in (self._boundary, self._boundary + b"--")

    def _until_boundary(self, deadline: float) -> bytes:
        body = bytearray()
        while len(body) < _LARGEST_PART:
            line = self._line(deadline)
            self._at_part = self._is_boundary(line)
            if self._at_part:
                break
            body += line
        return bytes(body)

    def _line(self, deadline: float) -> bytes:
        line = self._answer.readline(_LONGEST_LINE)
        self._alive(line, deadline)
        return line

    def _alive(self, piece: bytes, deadline: float) -> None:
        if not piece:
            raise CameraUnavailable(
                f"{self.name} ended after {self._count} frames: check the sender, then start again"
            )
        if time.monotonic() > deadline:
            raise TimeoutError

    def close(self) -> None:
        """Disconnect."""
        self._answer.close()
