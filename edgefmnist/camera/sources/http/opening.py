"""From an address to its answer: redirects followed, challenges met, the password kept at home."""

from __future__ import annotations

from pathlib import Path

from edgefmnist.camera.sources.http import login
from edgefmnist.camera.sources.http.address import Address
from edgefmnist.camera.sources.http.connection import Answer, exchange
from edgefmnist.camera.sources.http.failures import FORESEEN, answered, explained, said
from edgefmnist.errors import CameraUnavailable

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_MOST_TRIES = 2  # with the password: a second one where only the nonce was too old


def open_answer(first: Address, until_s: float, ca: Path | None) -> Answer:
    """The answer of `first` or of where it leads, whatever its status, but for a redirect or 401.

    Raises: CameraUnavailable.
    """
    address, redirects = first, 0
    authorization: bytes | None = None
    tries = 0
    while True:
        try:
            answer = exchange(address, authorization, until_s, ca)
        except FORESEEN as error:  # of this address, to which `first` may only have led
            raise explained(error, address) from error
        try:
            if answer.status in _REDIRECTS:
                redirects += 1
                address = _redirected(first, address, answer, redirects)
                authorization, tries = None, 0
            elif answer.status == 401:
                authorization = _challenged(first, address, answer, tries)
                tries += 1
            else:
                return answer
        except BaseException:
            answer.close()
            raise
        answer.close()


def _redirected(first: Address, address: Address, answer: Answer, redirects: int) -> Address:
    """Where to go next. Raises: CameraUnavailable."""
    location = _as_sent(answer.headers.get("Location", ""))
    if redirects > _MOST_REDIRECTS:
        raise CameraUnavailable(
            f"{first} leads on and on ({redirects} redirects, the last to "
            f"{_harmless(location)}): check its path"
        )
    try:
        return address.joined(location)
    except ValueError as error:
        raise CameraUnavailable(
            f"{first} leads to {_harmless(location)}, which is not an address of a video "
            f"({said(error)}): check its path"
        ) from error


def _as_sent(location: str) -> str:
    """A header was read as Latin-1; what is not ASCII in it is UTF-8, as browsers take it."""
    try:
        return location.encode("latin-1").decode()
    except UnicodeError:
        return location


def _harmless(location: str) -> str:
    """A redirect's target for the user, without a password or token that may be in it."""
    return repr(said(location.partition("?")[0].rpartition("@")[2])) if location else "nowhere"


def _challenged(first: Address, address: Address, answer: Answer, tries: int) -> bytes:
    """What to answer to a 401. Raises: CameraUnavailable."""
    challenges = login.read_challenges(answer.headers.get_all("WWW-Authenticate", []))
    wanted = said(", ".join(dict.fromkeys(one.scheme for one in challenges)) or "no known login")
    if first.user is None:
        todo = "give user and password in the address, as in http://USER:PASSWORD@HOST/"
        if challenges and not any(one.scheme.lower() in login.KNOWN for one in challenges):
            todo = (
                f"it wants {wanted}, not a user and password: see the camera's manual for an "
                "address with a token in it"
            )
        raise CameraUnavailable(f"{address} {answered(answer)}: {todo}")
    if not address.takes_password_of(first):
        raise CameraUnavailable(
            f"{first} leads to {address}, which asks for a password; yours is not sent to another "
            "server: give that address with its user and password"
        )
    if tries and not (tries < _MOST_TRIES and any(one.is_stale for one in challenges)):
        raise CameraUnavailable(
            f"{address} {answered(answer)}: user or password is wrong, check both in "
            "http://USER:PASSWORD@HOST/"
        )
    found = login.authorization(challenges, first, address.target)
    if found is None:
        raise CameraUnavailable(
            f"{address} {answered(answer)}: it wants {wanted} in a form that is not known here; "
            "set Digest or Basic in the camera's settings"
        )
    return found
