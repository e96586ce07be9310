"""From ``HOST:PORT`` to a listening socket."""

from __future__ import annotations

import dataclasses
import errno
import ipaddress
import os
import re
import socket
from typing import Any

from edgefmnist.errors import UsageError

_FORM = re.compile(r"(?:(?P<host>\[[^\[\]]+\]|[^\[\]:/\s]*):)?(?P<port>[0-9]+)")
_MAX_PORT = 65535
_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

_SEND_BUFFER_BYTES = 128 * 1024
_UNREACHABLE_MS = 20_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that listens.

    loopback: only this machine can reach it. url: for a browser, such as ``http://[::1]:8080/``; it
    can be opened there as it stands. note: what should be said of it; may be empty.
    """

    socket: socket.socket
    loopback: bool
    url: str
    note: str = ""

    @property
    def port(self) -> int:
        """The port that it got."""
        return int(self.socket.getsockname()[1])


def parse(address: str) -> tuple[str, int]:
    """Host and port of `address`: see `open_preview`. Raises: UsageError."""
    found = _FORM.fullmatch(address)
    if found is None:
        raise UsageError(
            f"--preview {address!r} is not HOST:PORT: write 127.0.0.1:8080 for this machine alone, "
            "0.0.0.0:8080 for the whole network, or [::1]:8080"
        )
    port = found["port"].lstrip("0") or "0"
    if len(port) > len(str(_MAX_PORT)) or int(port) > _MAX_PORT:
        raise UsageError(
            f"--preview {address}: ports end at {_MAX_PORT}; name one from 1024 up, such as 8080, "
            "or 0 for any free one"
        )
    return (found["host"] or "127.0.0.1").strip("[]"), int(port)


def listen(address: str) -> Listener:
    """Listen at `address`: see `open_preview`. Raises: UsageError."""
    host, port = parse(address)
    try:
        ip, family, where = _resolve(host, port)
        # IPv6's wildcard takes IPv4 too: "every address" should mean that.
        dual = ip.version == 6 and ip.is_unspecified and socket.has_dualstack_ipv6()
        bound = socket.create_server(where, family=family, dualstack_ipv6=dual)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--preview {address}: {_trouble(error, host, port)}") from error
    _prepare(bound)
    return Listener(
        socket=bound,
        loopback=ip.is_loopback,
        url=_url(_shown(host, ip, family), bound.getsockname()[1]),
        note=_note(host, ip, port),
    )


def _resolve(host: str, port: int) -> tuple[_Ip, socket.AddressFamily, Any]:
    """Of the addresses that a name has, the first: as `localhost` is written, so it is reached."""
    family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    ip = ipaddress.ip_address(str(where[0]))
    if ip.version == 6 and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped, socket.AF_INET, (str(ip.ipv4_mapped), port)
    if ip.version == 6 and ip.is_link_local:
        raise UsageError(
            f"--preview [{host}]:{port}: browsers cannot open an address that needs an interface; "
            f"write [::]:{port} for every address of this machine"
        )
    return ip, family, where


def _shown(host: str, ip: _Ip, family: socket.AddressFamily) -> str:
    """What leads a browser here, and is let in."""
    if ip.is_unspecified:
        return _own_address(family) or "127.0.0.1"
    # A name that means this machine only here, such as Debian's 127.0.1.1 for its own, is refused
    # as a foreign one; so is 127.1 from a program that does not write it out.
    return str(ip) if ip.is_loopback and host.lower() != "localhost" else host


def _note(host: str, ip: _Ip, port: int) -> str:
    if not ip.is_loopback or host.lower() == "localhost" or _is_address(host):
        return ""
    return f"{host} is this machine alone here; write 0.0.0.0:{port} for the whole network"


def _is_address(host: str) -> bool:
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)  # 127.1 too
    except OSError:
        return False
    return True


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


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


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
