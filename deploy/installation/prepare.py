"""`python -m deploy.installation.prepare`: keys, passwords and configuration, made once and kept; repeatable.

Runs as root, without a network, before anything else: it makes what no image may hold and hands to each container, in a
folder of its own, the part that one may read (0400, the containers' user).
"""

import os
import secrets
from pathlib import Path

from deploy.installation import rooms
from deploy.mongo.admin import url
from deploy.nats.config import Cluster, Place
from deploy.nats.keys import write_private
from deploy.nats.server import write_config
from shared.contracts.topology import SERVICES

_STORE_BYTES = 10 * 1024**3


def prepare() -> None:
    keys = rooms.nats_keys()
    for site in rooms.sites():
        keys.seed_file(f"site-{site}")
    for service in (*SERVICES, "gateway"):
        _hand(service, "nats.nk", keys.seed_file(service).read_text())
    for service in SERVICES:
        _hand(service, "mongo.url", url(rooms.mongo_hosts(), service, rooms.passwords().of(service), source=service))
    _hand("members", "members.secret", _secret("members"))
    _hand("gateway", "cursor.key", _secret("cursor"))
    _hand("mongo", "keyfile", rooms.passwords().key_file().read_text())
    for number, host in enumerate(rooms.nats_servers(), start=1):
        _configure_nats(host, number)
    for store in sorted(path for path in rooms.STORES.glob("*") if path.is_dir()):
        os.chown(store, rooms.USER, rooms.USER)
    for path in (rooms.KEPT, *rooms.KEPT.rglob("*")):
        os.chown(path, rooms.USER, rooms.USER)


def _secret(name: str) -> str:
    path = rooms.KEPT / "keys" / f"{name}.secret"
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text()


def _hand(to: str, name: str, text: str) -> None:
    folder = rooms.HANDED / to
    folder.mkdir(parents=True, exist_ok=True)
    _give(folder, 0o500)
    path = folder / name
    if not path.exists() or path.read_text() != text:
        write_private(path, text)
    _give(path, 0o400)


def _configure_nats(host: str, number: int) -> None:
    """The server's own configuration, beside its keys; the operator's container may rewrite it for a new site."""
    servers = rooms.nats_servers()
    cluster = None
    if len(servers) > 1:
        routes = tuple(f"{each}:6222" for each in servers)
        cluster = Cluster("lounge", 6222, routes, _secret("routes"), advertise=f"{host}:4222")
    room = int(os.environ.get("LOUNGE_NATS_STORE_BYTES", _STORE_BYTES))
    name = "lounge" if cluster is None else f"lounge-{number}"
    place = Place(4222, 8222, Path("/data/jetstream"), room, host="0.0.0.0", name=name, cluster=cluster)  # noqa: S104 — inside its container
    path = rooms.HANDED / host / "nats.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_config(path, rooms.nats_keys(), place)
    for each in (path.parent, path):
        _give(each, 0o700 if each.is_dir() else 0o400)


def _give(path: Path, mode: int) -> None:
    path.chmod(mode)
    os.chown(path, rooms.USER, rooms.USER)


if __name__ == "__main__":
    prepare()
