"""What each container is handed: files only its user may read, and the servers' configuration."""

import os
import secrets
from pathlib import Path

from deploy.installation import rooms
from deploy.nats.config import Cluster, Place
from deploy.nats.keys import write_private
from deploy.nats.server import room_of, write_config

_STORE_BYTES = 10 * 1024**3


def hand(to: str, name: str, text: str) -> None:
    """Put `text` into the file `name` that the container `to` reads; whoever has it open keeps what it had."""
    folder = rooms.HANDED / to
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists() or path.read_text() != text:
        give(folder, 0o700)
        write_private(path, text)
    give(path, 0o400)
    give(folder, 0o500)


def secret(name: str) -> str:
    """A secret of the installation, made at its first use and kept."""
    path = rooms.KEPT / "keys" / f"{name}.secret"
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text()


def configure_nats(host: str, number: int, room: int | None = None) -> None:
    """The server's own configuration; the operator's container rewrites it for new keys, or another `room` in bytes."""
    servers = rooms.nats_servers()
    cluster = None
    if len(servers) > 1:
        routes = tuple(f"{each}:6222" for each in servers)
        cluster = Cluster("lounge", 6222, routes, secret("routes"), advertise=f"{host}:4222")
    path = rooms.HANDED / host / "nats.json"
    room = room or room_of(path, otherwise=_STORE_BYTES)
    name = "lounge" if cluster is None else f"lounge-{number}"
    place = Place(4222, 8222, Path("/data/jetstream"), room, host="0.0.0.0", name=name, cluster=cluster)  # noqa: S104 — inside its container
    path.parent.mkdir(parents=True, exist_ok=True)
    write_config(path, rooms.nats_keys(), place)
    for each in (path.parent, path):
        give(each, 0o700 if each.is_dir() else 0o400)


def give(path: Path, mode: int) -> None:
    """To the containers' user, with this mode."""
    path.chmod(mode)
    os.chown(path, rooms.USER, rooms.USER)
