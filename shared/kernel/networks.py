"""Network addresses, as far as they tell who asks."""

import ipaddress

_SUBSCRIBER = 64
"""Bits of an IPv6 address that one subscriber is given; the rest they choose themselves."""


def network_of(address: str) -> str:
    """Whom a network address belongs to: an IPv4 address itself, of an IPv6 address the subscriber's /64."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), _SUBSCRIBER), strict=False))
