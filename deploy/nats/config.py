"""The nats-server's configuration, made from shared/contracts/topology.py: who may say what, exactly."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.tls import Tls
from shared.contracts.topology import GATEWAY, OPS, SERVICES, SITE, Rights, inbox_prefix, rights_of

GIVEN_UP = {"ping_interval": "2s", "ping_max": 2}
"""Servers that stopped answering are given up after 4 to 6 s, not after minutes: questions sent to them are lost."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What makes several servers one: each listens for the others and knows their route addresses.

    `password` is what the servers know each other by; `advertise` is the address told to clients, where it is not the
    one the server listens on.
    """

    name: str
    port: int
    routes: tuple[str, ...]
    password: str
    advertise: str | None = None
    tls: Tls | None = None

    @property
    def copies(self) -> int:
        """How many servers hold each message."""
        return min(3, len(self.routes))


@dataclass(frozen=True, slots=True)
class Place:
    """Where one server of the hub lives. `max_file_store` in bytes. On loopback unless `host` says otherwise."""

    port: int
    monitor_port: int
    store: Path
    max_file_store: int
    host: str = "127.0.0.1"
    name: str = "lounge"
    cluster: Cluster | None = None
    tls: Tls | None = None
    """For clients; the servers among each other have the cluster's."""


@dataclass(frozen=True, slots=True)
class Hub:
    """One server. `keys` are the public keys by identity: services, gateway, ops, monitor, and for each
    site `site-<site>` and `hub-<site>` (the hub's own hand inside that site's account). Several while one is rotated.
    `copies` is how many servers hold each message.
    """

    place: Place
    keys: Mapping[str, Sequence[str]]
    sites: tuple[str, ...] = ()
    copies: int = 1


def permissions(name: str, rights: Rights) -> dict[str, Any]:
    """The permissions block of one identity: its rights and its own inbox."""
    return {
        "publish": {"allow": list(rights.publish)},
        "subscribe": {"allow": [*rights.subscribe, f"{inbox_prefix(name)}.>"]},
    }


def render(hub: Hub) -> str:
    """The configuration file's text (JSON, which nats-server reads)."""
    place = hub.place
    config: dict[str, Any] = {
        "server_name": place.name,
        "host": place.host,
        "port": place.port,
        "http": f"{place.host}:{place.monitor_port}",
        "max_payload": 1024**2,
        "jetstream": {
            "store_dir": str(place.store),
            "sync_interval": "always",
            "max_memory_store": 64 * 1024**2,
            "max_file_store": place.max_file_store,
        },
        "system_account": "SYS",
        "accounts": accounts(hub),
    }
    if place.tls:
        config["tls"] = _tls(place.tls)
    if place.cluster:
        config["cluster"] = _cluster(place.host, place.cluster)
        if place.cluster.advertise:
            config["client_advertise"] = place.cluster.advertise
    return json.dumps(config, indent=1) + "\n"


def _tls(tls: Tls) -> dict[str, Any]:
    return {"cert_file": str(tls.pair), "key_file": str(tls.pair), "ca_file": str(tls.ca)}


def _cluster(host: str, cluster: Cluster) -> dict[str, Any]:
    """Clients are told of no addresses but an advertised one: the others may be of a network they are not in."""
    login = f"route:{cluster.password}@"
    tls = {"tls": _tls(cluster.tls) | {"verify": True}} if cluster.tls else {}
    return {
        "name": cluster.name,
        "host": host,
        "port": cluster.port,
        "routes": [f"nats://{login}{address}" for address in cluster.routes],
        "authorization": {"user": "route", "password": cluster.password, "timeout": 2},
        "no_advertise": cluster.advertise is None,
        **GIVEN_UP,
        **tls,
    }


def accounts(hub: Hub) -> dict[str, Any]:
    """SYS for monitoring, CORE for the house, and one account per site."""
    people = {service: rights_of(service) for service in SERVICES} | {"gateway": GATEWAY, "ops": OPS}
    core = {
        "jetstream": "enabled",
        "users": [user for name, rights in people.items() for user in _users(hub, name, permissions(name, rights))],
        "exports": [{"service": f"ingest.{site}.>", "accounts": [account_of(site)]} for site in hub.sites],
        "imports": [
            {"service": {"account": account_of(site), "subject": "receipts.>"}, "to": f"receipts.{site}.>"}
            for site in hub.sites
        ],
    }
    sites = {account_of(site): _site_account(hub, site) for site in hub.sites}
    return {"SYS": {"users": _users(hub, "monitor")}, "CORE": core, **sites}


def _users(hub: Hub, name: str, allowed: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """One per key of the identity: all of them may do the same."""
    rights = {"permissions": allowed} if allowed else {}
    return [{"nkey": key, **rights} for key in hub.keys[name]]


def account_of(site: str) -> str:
    return f"SITE_{site}"


def _site_account(hub: Hub, site: str) -> dict[str, Any]:
    room = 256 * 1024**2 * hub.copies  # an account pays for each copy
    return {
        "jetstream": {"max_memory": 1024**2, "max_file": room, "max_streams": 1, "max_consumers": 20},
        "users": [*_users(hub, f"site-{site}", permissions(site, SITE)), *_users(hub, f"hub-{site}")],
        "exports": [{"service": "receipts.>", "accounts": ["CORE"]}],
        "imports": [{"service": {"account": "CORE", "subject": f"ingest.{site}.>"}, "to": "events.>"}],
    }
