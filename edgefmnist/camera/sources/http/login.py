"""Answers to a server's challenges: Digest (RFC 7616) and Basic (RFC 7617).

Python's own handlers know no SHA-256, and give up where a server offers a scheme they do not know
beside one they do.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
from collections.abc import Iterable

from edgefmnist.camera.sources.http.address import Address

KNOWN = ("digest", "basic")
_DIGESTS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}  # the strongest first
_WORD = re.compile(r"""([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?""")


@dataclasses.dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that a server offers."""

    scheme: str
    parameters: dict[str, str]

    @property
    def is_stale(self) -> bool:
        """Whether the password was right, and only the server's nonce has become too old."""
        return self.parameters.get("stale", "").lower() == "true"


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of WWW-Authenticate headers, each of which may hold several."""
    found: list[Challenge] = []
    for header in headers:
        for match in _WORD.finditer(header):
            name, quoted, plain = match.groups()
            if quoted is None and plain is None:
                found.append(Challenge(name, {}))
            elif found:
                value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                found[-1].parameters.setdefault(name.lower(), value)
    return found


def authorization(challenges: list[Challenge], address: Address, target: str) -> bytes | None:
    """The Authorization header for the strongest of `challenges`; None where none can be met.

    address: has user and password. target: of the request, which a redirect may have changed.
    """
    user, password = address.user or "", address.password
    for name, algorithm in _DIGESTS.items():
        for one in challenges:
            asked = one.parameters.get("algorithm", "MD5").upper()
            if one.scheme.lower() != "digest" or asked.removesuffix("-SESS") != name:
                continue
            if algorithm not in hashlib.algorithms_available:
                continue
            header = _digest(one.parameters, algorithm, user, password, target)
            if header is not None:
                return header
    if any(one.scheme.lower() == "basic" for one in challenges):
        return b"Basic " + base64.b64encode(f"{user}:{password}".encode())
    return None


def _digest(
    asked: dict[str, str], algorithm: str, user: str, password: str, target: str
) -> bytes | None:
    """The header for one challenge; None where the server wants what a camera cannot mean."""
    offered = [word.strip().lower() for word in asked.get("qop", "").split(",") if word.strip()]
    if "realm" not in asked or "nonce" not in asked or (offered and "auth" not in offered):
        return None

    def hashed(*words: str) -> str:
        text = ":".join(words).encode()
        return hashlib.new(algorithm, text, usedforsecurity=False).hexdigest()

    realm, nonce, ours = asked["realm"], asked["nonce"], os.urandom(8).hex()
    secret = hashed(user, realm, password)
    if asked.get("algorithm", "").upper().endswith("-SESS"):
        secret = hashed(secret, nonce, ours)
    what = hashed("GET", target)
    told = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    if offered:
        told["response"] = hashed(secret, nonce, "00000001", ours, "auth", what)
    else:
        told["response"] = hashed(secret, nonce, what)
    told |= {"cnonce": ours} if offered or "algorithm" in asked else {}
    told |= {"opaque": asked["opaque"]} if "opaque" in asked else {}
    words = [f'{key}="{_escaped(value)}"' for key, value in told.items()]
    words += [f"algorithm={asked['algorithm']}"] if "algorithm" in asked else []
    words += ["qop=auth", "nc=00000001"] if offered else []
    return f"Digest {', '.join(words)}".encode()


def _escaped(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", value)
