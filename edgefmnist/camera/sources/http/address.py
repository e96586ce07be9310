"""Addresses of HTTP servers: checked before anything is connected."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse

_HOST = re.compile(r"[A-Za-z0-9._~-]+|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?")
_AS_THEY_ARE = "/%:@!$&'()*+,;=~-._?[]"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One http or https address. target: path and query as they go over the wire."""

    secure: bool
    host: str
    port: int
    target: str
    user: str | None = None
    password: str = ""

    def __str__(self) -> str:
        """For the user: without user and password; a query may hold one too."""
        path, asked, _ = self.target.partition("?")
        return f"{self.origin}{path}" + "?..." * bool(asked)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        scheme, usual = ("https", 443) if self.secure else ("http", 80)
        return f"{scheme}://{bracketed(self.host)}" + f":{self.port}" * (self.port != usual)

    @property
    def host_header(self) -> str:
        """The value of the Host header; a zone means nothing to others (RFC 6874, section 4)."""
        host = bracketed(self.host.partition("%")[0])
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def takes_password_of(self, other: Address) -> bool:
        """Whether a password meant for `other` may be sent here: the same server, or its TLS."""
        if self.host.lower() != other.host.lower():
            return False
        same = (self.secure, self.port) == (other.secure, other.port)
        return same or (self.secure and self.port == 443 and not other.secure and other.port == 80)

    def joined(self, location: str) -> Address:
        """Where a redirect from here leads. Raises: ValueError."""
        return parse(urllib.parse.urljoin(f"{self.origin}{self.target}", location.strip()))


def host_of(parts: urllib.parse.SplitResult) -> str:
    """The host, whose zone may be written as in a shell or as RFC 6874, section 2, has it."""
    return (parts.hostname or "").replace("%25", "%")


def bracketed(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def parse(uri: str) -> Address:
    """Read an address. Raises: ValueError, whose words say what is wrong with it."""
    parts = urllib.parse.urlsplit(uri)
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https"):
        raise ValueError("it begins with neither http:// nor https://")
    host = host_of(parts)
    if not host.isascii():
        host = host.encode("idna").decode()
    if not _HOST.fullmatch(host):
        raise ValueError("it names no host")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(
            "its port is not a number from 1 to 65535; in a user or password write / as %2F, "
            "? as %3F, # as %23 and @ as %40"
        ) from error
    if port == 0:
        raise ValueError("its port is 0")
    target = urllib.parse.quote(parts.path or "/", safe=_AS_THEY_ARE)
    if parts.query:
        target += "?" + urllib.parse.quote(parts.query, safe=_AS_THEY_ARE)
    user, password = (
        None if word is None else urllib.parse.unquote(word)
        for word in (parts.username, parts.password)
    )
    return Address(
        secure=scheme == "https",
        host=host,
        port=port or (443 if scheme == "https" else 80),
        target=target,
        user=user,
        password=password or "",
    )
