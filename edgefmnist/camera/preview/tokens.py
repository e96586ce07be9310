"""The secret that opens the page."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from edgefmnist.errors import UsageError

VARIABLE = "EDGEFMNIST_PREVIEW_TOKEN"
# What a URL's query (quoted), a Bearer header (RFC 6750, b64token) and a shell take alike. Sixteen
# characters, because `attempts` slows down one peer who guesses, and not a thousand.
_FORM = re.compile(r"[A-Za-z0-9._~+/=-]{16,256}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A secret. generated: made for this run, and not set by the user."""

    text: str
    generated: bool

    @property
    def cookie(self) -> str:
        """What a browser keeps in its place: opens this page, and does not tell the token.

        Nobody can work it out of a guessed token, which would get round the limit on guesses.
        """
        key = self.text.encode() + b"\0" + _machine_secret()
        return hmac.new(key, b"edgefmnist preview cookie", hashlib.sha256).hexdigest()

    def is_text(self, given: str) -> bool:
        """Whether `given` is the token, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(_bytes(given), _bytes(self.text))

    def is_cookie(self, given: str) -> bool:
        """Whether `given` is the cookie, likewise."""
        return hmac.compare_digest(_bytes(given), _bytes(self.cookie))


def choose_token(*, needed: bool) -> Token | None:
    """The user's token, else one made now where it is needed, else None. Raises: UsageError."""
    own = os.environ.get(VARIABLE, "").strip()
    if own:
        if not _FORM.fullmatch(own):
            raise UsageError(
                f"{VARIABLE} must be 16 to 256 letters, digits or - . _ ~ + / =; make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe())'"
            )
        return Token(text=own, generated=False)
    return Token(text=secrets.token_urlsafe(16), generated=True) if needed else None


@functools.cache
def _machine_secret() -> bytes:
    """What the network does not know and a restart does not change: see machine-id(5)."""
    try:
        found = Path("/etc/machine-id").read_bytes().strip()
    except OSError:
        found = b""
    return found if len(found) == 32 else secrets.token_bytes(16)


def _bytes(text: str) -> bytes:
    # As bytes, because compare_digest refuses strings beyond ASCII, which anybody may send.
    return text.encode("utf-8", "surrogateescape")
