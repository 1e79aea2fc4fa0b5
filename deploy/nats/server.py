"""One running nats-server with the house's accounts and permissions."""

import json
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy.embedded.binaries import nats_server, why_it_ended
from deploy.embedded.children import free_port, spawn, stop, wait_until
from deploy.nats.config import Cluster, Hub, Place, render
from deploy.nats.keys import KeyFolder, write_private
from deploy.tls import Tls
from deploy.told import store_bytes
from shared.contracts.topology import SERVICES

MOST_STORED = 64 * 1024**3
"""Bytes of JetStream; half the disk where that is less. Each site's input reserves its 256 MiB of them."""
IDENTITIES = (*SERVICES, "gateway", "ops", "monitor")


@dataclass
class NatsServer:
    """Its configuration is written from the key folder: a site is known once it has a key there."""

    folder: Path
    keys: KeyFolder
    port: int = field(default_factory=free_port)
    monitor_port: int = field(default_factory=free_port)
    name: str = "lounge"
    cluster: Cluster | None = None
    tls: Tls | None = None
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'tls' if self.tls else 'nats'}://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self.monitor_port}"

    @property
    def said(self) -> Path:
        return self.folder / "nats.log"

    @property
    def place(self) -> Place:
        place = embedded_place(self.folder, port=self.port, monitor_port=self.monitor_port)
        return replace(place, name=self.name, cluster=self.cluster, tls=self.tls)

    @property
    def config(self) -> Path:
        return self.folder / "nats.json"

    def write_config(self) -> None:
        """Put the configuration for the identities and sites that have keys."""
        write_config(self.config, self.keys, self.place)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it and return at once; `wait_ready` tells when it answers. Main thread only."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_config()
        self.said.unlink(missing_ok=True)
        self.child = spawn([nats_server(), "--config", self.config], said=self.said)
        return self.child

    def is_ready(self) -> bool:
        """Whether it takes clients and its JetStream is up. Raises CannotStart if it ended instead."""
        if self.child and (status := self.child.poll()) is not None:
            raise why_it_ended("nats-server", status, self.said.read_text(errors="replace"))
        try:
            with urllib.request.urlopen(f"{self.monitor_url}/healthz", timeout=1) as answer:  # noqa: S310 — loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_ready(self, seconds: float = 40) -> None:
        wait_until(self.is_ready, seconds=seconds, what="nats-server to take clients")

    def reload(self) -> None:
        """Write the configuration anew and have the running server take it, without cutting a client."""
        self.write_config()
        assert self.child is not None
        self.child.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """As a power cut would: nothing is flushed."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    def stop(self) -> None:
        if self.child:
            stop(self.child)


def identities(sites: Iterable[str]) -> list[str]:
    """Everybody who has a key: the house, and for each site its own and the hub's hand in its account."""
    return [*IDENTITIES, *(f"{who}-{site}" for site in sites for who in ("site", "hub"))]


def embedded_place(folder: Path, *, port: int, monitor_port: int) -> Place:
    """A server on loopback whose store is `jetstream` in this folder."""
    half = shutil.disk_usage(folder).total // 2
    room = room_of(folder / "nats.json", otherwise=min(MOST_STORED, half))
    return Place(port, monitor_port, folder / "jetstream", room)


def room_of(config: Path, *, otherwise: int) -> int:
    """Bytes of JetStream: LOUNGE_NATS_STORE_BYTES, or what the configuration that stands says, or `otherwise`.

    Raises CannotStart for a size nobody understands.
    """
    if told := store_bytes():
        return told
    if config.exists():
        return int(json.loads(config.read_text())["jetstream"]["max_file_store"])
    return otherwise


def write_config(path: Path, keys: KeyFolder, place: Place) -> bool:
    """Write the configuration at `path`, for the identities and sites that have keys. True if it changed."""
    sites = keys.sites()
    names = identities(sites)
    before = path.read_text() if path.exists() else ""
    copies = place.cluster.copies if place.cluster else 1
    text = render(Hub(place, {name: keys.accepted(name) for name in names}, sites, copies))
    write_private(path, text)
    return text != before
