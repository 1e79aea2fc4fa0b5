"""One running mongod: a set of one member, authorization on, loopback only."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded.binaries import mongod, why_it_ended
from deploy.embedded.children import free_port, listens, spawn, stop, wait_until
from deploy.mongo.admin import ADMIN, READER, SET, Passwords, form_set, url
from deploy.mongo.prepare import prepare
from deploy.tls import Tls


@dataclass
class MongoServer:
    """`testing` opens the fail points (`failCommand`), never wanted elsewhere."""

    folder: Path
    passwords: Passwords
    port: int = field(default_factory=free_port)
    testing: bool = False
    set_hosts: tuple[str, ...] = ()
    """`host:port` of every member, this one first; empty: it is a set of one."""
    tls: Tls | None = None
    child: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> Path:
        return self.folder / "mongod.log"

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.set_hosts or (f"127.0.0.1:{self.port}",)

    @property
    def ca(self) -> Path | None:
        return self.tls.ca if self.tls else None

    def url_of(self, service: str) -> str:
        """The connection string of the service's own user."""
        return url(self.hosts, service, self.passwords.of(service), source=service, ca=self.ca)

    @property
    def admin_url(self) -> str:
        return url(self.hosts, ADMIN, self.passwords.of(ADMIN), source="admin", ca=self.ca)

    @property
    def reader_url(self) -> str:
        """The connection string of a user who may look at everything and change nothing."""
        return url(self.hosts, READER, self.passwords.of(READER), source="admin", ca=self.ca)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it and return at once; `wait_ready` brings it to use. Main thread only."""
        store = self.folder / "mongo"
        store.mkdir(parents=True, exist_ok=True)
        self.said.unlink(missing_ok=True)
        self.child = spawn([mongod(), *self._arguments(store)], said=self.said)
        return self.child

    def _arguments(self, store: Path) -> list[str | Path]:
        parameters = ["shutdownTimeoutMillisForSignaledShutdown=0", "diagnosticDataCollectionEnabled=false"]
        if self.testing:
            parameters.append("enableTestCommands=1")
        return [
            *("--dbpath", store, "--port", str(self.port), "--bind_ip", "127.0.0.1", "--nounixsocket"),
            *("--replSet", SET, "--keyFile", self.passwords.key_file(), "--auth", "--noscripting"),
            *("--networkMessageCompressors", "disabled", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128"),
            *("--slowOpSampleRate", "0"),  # a slow operation would be logged with its values, a person's among them
            *self._tls_arguments(),
            *(word for parameter in parameters for word in ("--setParameter", parameter)),
        ]

    def _tls_arguments(self) -> list[str | Path]:
        """Members prove themselves to each other; a client proves itself by its password, inside TLS."""
        if self.tls is None:
            return []
        believed: list[str | Path] = ["--tlsCAFile", self.tls.ca, "--tlsAllowConnectionsWithoutCertificates"]
        return ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", self.tls.pair, *believed]

    def is_primary(self) -> bool:
        """Whether its set takes writes; drives the set there. Raises CannotStart if it ended instead."""
        if self.child and (status := self.child.poll()) is not None:
            raise why_it_ended("mongod", status, self.said.read_text(errors="replace"))
        return listens(self.port) and form_set(self.port, self.passwords.of(ADMIN), self.hosts, ca=self.ca)

    def wait_ready(self, seconds: float = 120) -> None:
        """Returns when it is primary and users and indexes are there."""
        wait_until(self.is_primary, seconds=seconds, what="mongod to become primary")
        prepare(self.hosts, self.passwords, ca=self.ca)

    def kill(self) -> None:
        """As a power cut would: nothing is flushed."""
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    def stop(self) -> None:
        if self.child:
            stop(self.child, grace=8)
