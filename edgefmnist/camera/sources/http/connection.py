"""One request to a camera, and its answer within a set time, whatever the server does."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from pathlib import Path

from edgefmnist.camera.sources.http.address import Address
from edgefmnist.errors import UsageError

_MOST_INTERIM = 10  # answers 1xx before the true one


class TimedReader(io.RawIOBase):
    """Bytes of a socket until a moment: one that trickles is late as a whole."""

    def __init__(self, connection: socket.socket, until_s: float) -> None:
        """Take over `connection`. until_s: by ``time.monotonic()``; it may be set again."""
        self._connection = connection
        self.until_s = until_s

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """At least one byte, none at the end. Raises: OSError, TimeoutError among them."""
        left_s = self.until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)

    def close(self) -> None:
        """Disconnect."""
        if not self.closed:
            self._connection.close()
        super().close()


class _Buffered(io.BufferedReader):
    """Stays open after an interim answer, which `http.client` takes for the last."""

    def close(self) -> None:
        """Left to `Answer`."""


class _Wire:
    """What `http.client.HTTPResponse` takes for a socket."""

    def __init__(self, reader: TimedReader) -> None:
        self._buffered = _Buffered(reader, 1 << 16)

    def makefile(self, _: str) -> object:
        return self._buffered


class Answer:
    """A server's answer: status and headers are here, the body is still to be read."""

    def __init__(self, response: http.client.HTTPResponse, reader: TimedReader) -> None:
        """Take over an answer whose headers were read."""
        self._response = response
        self._reader = reader
        self.status = response.status
        self.reason = response.reason
        self.headers = response.headers

    def peek(self, size: int) -> bytes:
        """The next bytes of the body, `size` or fewer. Raises: as `read1`."""
        return self._response.peek(size)[:size]

    def read1(self, size: int, until_s: float) -> bytes:
        """At least one byte of the body, nothing at its end; until_s: by ``time.monotonic()``.

        Raises: OSError, HTTPException, ValueError.
        """
        self._reader.until_s = until_s
        return self._response.read1(size)

    def close(self) -> None:
        """Disconnect."""
        self._response.close()
        self._reader.close()


def exchange(
    address: Address, authorization: bytes | None, until_s: float, ca: Path | None
) -> Answer:
    """Send one GET and read the headers of the answer.

    No proxy is used: a camera is on the network at hand. ca: certificates to trust; see `_secured`.

    Raises: OSError (SSLError among them), HTTPException, ValueError; UsageError for `ca`.
    """
    connection = connected(address.host, address.port, until_s)
    try:
        if address.secure:
            connection = _secured(connection, address, until_s, ca)
        connection.settimeout(max(0.001, until_s - time.monotonic()))
        connection.sendall(_request(address, authorization))
        reader = TimedReader(connection, until_s)
        wire = _Wire(reader)
        for _ in range(_MOST_INTERIM):
            response = http.client.HTTPResponse(wire, method="GET")  # type: ignore[arg-type]
            response.begin()
            if response.status >= 200:
                return Answer(response, reader)
        raise http.client.HTTPException("only interim answers")
    except BaseException:
        connection.close()
        raise


def connected(host: str, port: int, until_s: float) -> socket.socket:
    """A connection; until_s: by ``time.monotonic()``. Raises: OSError."""
    return socket.create_connection((host, port), max(0.001, until_s - time.monotonic()))


def _request(address: Address, authorization: bytes | None) -> bytes:
    lines = [
        f"GET {address.target} HTTP/1.1".encode("ascii"),
        f"Host: {address.host_header}".encode(),
        b"User-Agent: edgefmnist",
        b"Accept: */*",
        b"Accept-Encoding: identity",
        b"Connection: close",
    ]
    if authorization is not None:
        lines.append(b"Authorization: " + authorization)
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise ValueError("a line break in a header")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _secured(
    connection: socket.socket, address: Address, until_s: float, ca: Path | None
) -> ssl.SSLSocket:
    """TLS over `connection`, with a server whose certificate is trusted.

    Cameras make their certificates themselves: not fit for an authority, in a name that is not
    theirs, long expired. A certificate that stands in the file `ca` is trusted as it is; any other
    must be signed by one that does, as in a browser.
    """
    if ca is None:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=address.host)
    trusted = _certificates(ca)
    connection.settimeout(max(0.001, until_s - time.monotonic()))
    pinning = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pinning.check_hostname, pinning.verify_mode = False, ssl.CERT_NONE
    secured = pinning.wrap_socket(connection, server_hostname=address.host)
    if secured.getpeercert(binary_form=True) in trusted:
        return secured
    secured.close()  # nothing was sent yet
    context = ssl.create_default_context(cafile=str(ca))
    return context.wrap_socket(
        connected(address.host, address.port, until_s), server_hostname=address.host
    )


def _certificates(ca: Path) -> list[bytes]:
    """The certificates of a PEM file, as DER. Raises: UsageError."""
    try:
        text = ca.read_text("ascii", "ignore")
        blocks = [b.partition(ssl.PEM_FOOTER)[0] for b in text.split(ssl.PEM_HEADER)[1:]]
        found = [
            ssl.PEM_cert_to_DER_cert(f"{ssl.PEM_HEADER}{block}{ssl.PEM_FOOTER}") for block in blocks
        ]
    except OSError as error:
        raise UsageError(f"--source-ca {ca}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"--source-ca {ca} is not a certificate in PEM form") from error
    if not found:
        raise UsageError(f"--source-ca {ca} holds no certificate in PEM form")
    return found
