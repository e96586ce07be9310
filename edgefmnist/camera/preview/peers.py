"""Who is who: what counts as one peer, however many addresses and connections it has."""

from __future__ import annotations

import ipaddress


def peer_of(address: str) -> str:
    """The peer behind an address of a socket, such as ``192.0.2.7`` or ``2001:db8:1:2::/64``.

    IPv6 counts by its /64, since a host there takes as many addresses as it likes; an IPv4 address
    that arrives over IPv6 (``::ffff:192.0.2.7``) counts as itself. What is not an address counts
    as one peer.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
