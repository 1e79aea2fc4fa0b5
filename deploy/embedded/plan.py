"""What an embedded run consists of: each child's program and environment."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import deploy
from deploy.embedded.children import free_port, spawn, taken
from deploy.embedded.folder import DataFolder
from deploy.embedded.supervisor import Kept
from deploy.mongo.admin import Passwords
from deploy.mongo.server import MongoServer
from deploy.nats.keys import write_private
from deploy.nats.server import NatsServer
from deploy.trouble import CannotStart
from shared.contracts.topology import SERVICES, inbox_prefix

ROOT = Path(deploy.__file__).resolve().parent.parent
MAIL_MAY_WAIT = 10
"""On a machine all share, telling people steps back behind answering them; without load it waits for nobody."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `lounge up` was asked for."""

    data: Path
    port: int = 8080
    scale: Mapping[str, int] = field(default_factory=dict)
    empty: bool = False


def scale_of(words: Sequence[str]) -> dict[str, int]:
    """`["booking=3", "events=2,notify=2"]` as numbers of replicas. Raises ValueError with what is wrong."""
    scale = {}
    for word in ",".join(words).split(",") if words else []:
        service, _, number = word.partition("=")
        if service not in SERVICES:
            raise ValueError(f"{service!r} cannot be scaled here; these can: {', '.join(SERVICES)}")
        if not number.isdecimal() or not 1 <= int(number) <= 16:
            raise ValueError(f"{word!r} is not like {service}=3 (1 to 16)")
        scale[service] = int(number)
    return scale


class House:
    """The servers and services of one run on one data folder; the folder is ours already."""

    def __init__(self, folder: DataFolder, wanted: Wanted) -> None:
        self.folder = folder
        self.wanted = wanted
        self.gateway_port = _public_port(wanted.port)
        self.smtp_port = folder.port("smtp")
        self.nats = NatsServer(
            folder.path, folder.keys, port=folder.port("nats"), monitor_port=folder.port("nats-monitor")
        )
        self.mongo = MongoServer(folder.path, Passwords(folder.mongo_keys), port=folder.port("mongo"))
        self.mongo.testing = os.environ.get("LOUNGE_TESTING") == "1"
        if not wanted.empty:
            folder.keys.seed_file("site-nyc")  # the demonstration's producer has its account from the start
        self.word = {name: folder.path / f".{name}-may-go" for name in ("services", "gateway")}
        for file in self.word.values():
            file.unlink(missing_ok=True)

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def urls(self) -> dict[str, str]:
        return {
            "gateway": self.gateway_url,
            "nats": self.nats.url,
            "mongo": self.mongo.reader_url,
            "smtp": f"smtp://127.0.0.1:{self.smtp_port}",
        }

    def servers(self) -> list[Kept]:
        """mongod, nats-server and the mail sink."""
        sink: list[str | Path] = [
            sys.executable,
            "-m",
            "deploy.embedded.mail_sink",
            str(self.smtp_port),
            self.folder.mail,
        ]
        return [
            Kept("mongo-1", self.mongo.start, self.mongo.port, grace=8),
            Kept("nats-1", self.nats.start, self.nats.port),
            Kept("smtp-1", lambda: self._python("smtp-1", [*sink, str(os.getpid())], {}), self.smtp_port),
        ]

    def services(self) -> list[Kept]:
        """The four services in as many replicas as wanted, then the gateway."""
        replicas = [(name, n + 1) for name in SERVICES for n in range(self.wanted.scale.get(name, 1))]
        kept = [self._replica(name, n, free_port(), self.word["services"]) for name, n in replicas]
        return [*kept, self._replica("gateway", 1, self.gateway_port, self.word["gateway"])]

    def _replica(self, service: str, number: int, port: int, word: Path) -> Kept:
        name = f"{service}-{number}"
        argv: list[str | Path] = [sys.executable, "-m", "deploy.embedded.held", word, f"services.{service}"]
        settings = self._settings(service, number, port)
        return Kept(name, lambda: self._python(name, argv, settings), port)

    def _settings(self, service: str, number: int, port: int) -> dict[str, str]:
        settings: dict[str, object] = {
            "replica": number,
            "nats_url": self.nats.url,
            "nats_monitor_url": self.nats.monitor_url,
            "nats_seed_file": self.folder.keys.seed_file(service),
            "nats_inbox_prefix": inbox_prefix(service),
            "http_port": port,
            "parent_pid": os.getpid(),
        }
        if service in SERVICES:
            settings |= {"mongo_url_file": self._url_file(service), "mongo_database": service}
        if service == "notify":
            settings |= {"smtp_url": self.urls["smtp"], "nice": MAIL_MAY_WAIT}
        if service == "members":
            settings |= {"members_secret_file": self._secret("members"), "public_url": self.gateway_url}
        return {f"LOUNGE_{name.upper()}": str(value) for name, value in settings.items()}

    def _url_file(self, service: str) -> Path:
        file = self.folder.mongo_keys / f"{service}.url"
        write_private(file, self.mongo.url_of(service))
        return file

    def _secret(self, name: str) -> Path:
        file = self.folder.path / "keys" / f"{name}.secret"
        if not file.exists():
            write_private(file, secrets.token_hex(32))
        return file

    def _python(self, name: str, argv: list[str | Path], settings: dict[str, str]) -> subprocess.Popen[bytes]:
        return spawn(argv, said=self.folder.log(name), env=environment(settings))


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a Python child: ours, the settings, and this project importable from anywhere."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "2"}


def _public_port(port: int) -> int:
    if port and taken(port):
        raise CannotStart(f"Port {port} is already in use: stop what holds it, or choose another with --port.")
    return port or free_port()
