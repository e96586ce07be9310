"""What a camera's server says instead of a video, in words for the user.

Nothing in here is the user's mistake in the command, however odd it is: a server may answer
otherwise in a minute.
"""

from __future__ import annotations

import http.client
import ssl

from edgefmnist.camera.sources.http.address import Address, bracketed
from edgefmnist.camera.sources.http.connection import Answer
from edgefmnist.errors import CameraUnavailable, one_line

FORESEEN = (
    OSError,
    http.client.HTTPException,
    ValueError,
    ArithmeticError,
    LookupError,
)
"""What connecting to a server, and reading what it sends, may raise: no other code runs there."""

_LONGEST_WORDS = 80


def said(words: object) -> str:
    """Words of the other side, short and on one line."""
    line = one_line(str(words))
    return line if len(line) <= _LONGEST_WORDS else f"{line[:_LONGEST_WORDS]}..."


def refuse_status(address: Address, answer: Answer) -> None:
    """Raises: CameraUnavailable for an answer that says no; logins are `opening`'s."""
    if answer.status in range(200, 300):
        return
    if answer.status == 403:
        todo = "this user may not see it, or needs another address: check the camera's settings"
    elif answer.status >= 500:
        todo = "the camera is busy, starting or out of order: wait, or restart it"
    else:
        todo = "check the path of the address"
    raise CameraUnavailable(f"{address} {answered(answer)}: {todo}")


def refuse_compression(address: Address, answer: Answer) -> None:
    """Raises: CameraUnavailable for a body in a form that was not asked for."""
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise CameraUnavailable(
            f"{address} compresses its answer ({said(coding)}), though not asked to: switch that "
            "off at the camera or the proxy before it"
        )


def answered(answer: Answer) -> str:
    """Status and reason of an answer."""
    reason = f" ({said(answer.reason)})" if answer.reason.strip() else ""
    return f"answers {answer.status}{reason}"


def explained(error: BaseException, address: Address | str) -> CameraUnavailable:
    """One of `FORESEEN` as an error of ours."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, address)
    if isinstance(error, ssl.SSLError):
        return CameraUnavailable(
            f"{address} does not speak TLS as this system does "
            f"({said(error.reason or type(error).__name__)}): try http://, or update the camera"
        )
    if isinstance(error, TimeoutError):
        words = "nothing for too long"
    elif isinstance(error, OSError):
        words = error.strerror or type(error).__name__
    else:
        return CameraUnavailable(
            f"{address} sends what is not a video ({_what_came(error)}): check that the address is "
            "that of the camera's stream"
        )
    return CameraUnavailable(
        f"no video from {address} ({said(words)}): check that address, port and path are right "
        "and that the sender runs"
    )


def _what_came(error: BaseException) -> str:
    """What was wrong with an answer, without the names of Python's classes."""
    if isinstance(error, http.client.IncompleteRead):
        return "it ends too early"
    if isinstance(error, http.client.LineTooLong):
        return "a line that is too long"
    if isinstance(error, http.client.BadStatusLine):
        return f"no HTTP: {said(error)}"
    return said(error) or "an answer that HTTP does not know"


def _untrusted(error: ssl.SSLCertVerificationError, address: Address | str) -> CameraUnavailable:
    where = "HOST:PORT"
    if isinstance(address, Address):
        where = f"{bracketed(address.host)}:{address.port}"
    return CameraUnavailable(
        f"the certificate of {address} is not trusted ({said(error.verify_message)}): if it is the "
        f"camera's own, save it with 'openssl s_client -connect {where} </dev/null | openssl x509 "
        "> camera.pem', look at it, and give --source-ca camera.pem"
    )
