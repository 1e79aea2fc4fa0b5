"""Whose address a request comes from, where proxies of our own stand before the gateway (row H28)."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

_MOST = 16
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """`networks` are those of our own proxies: what they say in X-Forwarded-For is believed, and no one else."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def client(self, scope: Mapping[str, Any]) -> str:
        """The last address on the way here that is none of ours; empty where the socket shows none."""
        peer = (scope.get("client") or ("", 0))[0]
        if not self._networks or not self._is_ours(peer):
            return str(peer)
        sent = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        client = str(peer)
        for part in reversed(sent.decode("latin-1").split(",")[-_MOST:]):
            if not _is_address(part.strip()):
                break
            client = part.strip()
            if not self._is_ours(client):
                break
        return client

    def _is_ours(self, address: str) -> bool:
        if not _is_address(address):
            return False
        found = ipaddress.ip_address(address)
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return any((mapped or found) in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
