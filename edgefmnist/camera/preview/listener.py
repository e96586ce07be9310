"""From ``HOST:PORT`` to a listening socket."""

from __future__ import annotations

import dataclasses
import errno
import ipaddress
import os
import re
import socket

from edgefmnist.errors import UsageError

_FORM = re.compile(r"(?:(?P<host>\[[^\[\]]+\]|[^\[\]:/\s]*):)?(?P<port>\d{1,5})")
_SEND_BUFFER_BYTES = 128 * 1024
_UNREACHABLE_MS = 20_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that listens.

    loopback: only this machine can reach it. url: for a browser, such as ``http://[::1]:8080/``.
    """

    socket: socket.socket
    loopback: bool
    url: str

    @property
    def port(self) -> int:
        """The port that it got."""
        return int(self.socket.getsockname()[1])


def listen(address: str) -> Listener:
    """Listen at `address`: see `open_preview`. Raises: UsageError."""
    found = _FORM.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        raise UsageError(
            f"--preview {address!r} is not HOST:PORT: write 127.0.0.1:8080 for this machine alone, "
            "0.0.0.0:8080 for the whole network, or [::1]:8080"
        )
    host, port = (found["host"] or "127.0.0.1").strip("[]"), int(found["port"])
    try:
        # Of the addresses that a name has, the first: as `localhost` is written, so it is reached.
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        ip = ipaddress.ip_address(str(where[0]))
        # IPv6's wildcard takes IPv4 too: "every address" should mean that.
        dual = ip.version == 6 and ip.is_unspecified
        bound = socket.create_server(where, family=family, dualstack_ipv6=dual)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--preview {address}: {_trouble(error, host, port)}") from error
    _prepare(bound)
    return Listener(
        socket=bound,
        loopback=ip.is_loopback,
        url=_url(host, family, bound.getsockname()[1], wildcard=ip.is_unspecified),
    )


def _trouble(error: OSError | UnicodeError, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, socket.gaierror | UnicodeError):
        return (
            f"no machine is known as {host!r}; write 0.0.0.0:{port} for every address of this one"
        )
    if number == errno.EADDRINUSE:
        return f"port {port} is taken by another program; name another, or 0 for any free one"
    if number in (errno.EACCES, errno.EPERM):
        return f"port {port} is for the superuser; name one from 1024 up"
    if number == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine now; write 0.0.0.0:{port} for all it has"
    return f"cannot listen there: {os.strerror(number) if number else error}"


def _prepare(bound: socket.socket) -> None:
    """Set what the sockets of all viewers inherit.

    A small send buffer: the kernel would else queue megabytes of old pictures for a slow viewer.
    And viewers that vanished without a word (a phone out of reach) are found out.
    """
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREACHABLE_MS)


def _url(host: str, family: socket.AddressFamily, port: int, *, wildcard: bool) -> str:
    if wildcard:
        host = _own_address(family) or "127.0.0.1"
    shown = f"[{host.replace('%', '%25')}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def _own_address(family: socket.AddressFamily) -> str:
    """The address others reach this machine at: the one it would send from; "" without any.

    Nothing is sent: connecting a datagram socket only looks the route up. The targets are
    addresses for documentation (RFC 5737, RFC 3849).
    """
    routes = [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")]
    for kind, target in routes[: 1 if family == socket.AF_INET else 2]:
        try:
            with socket.socket(kind, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return ""
