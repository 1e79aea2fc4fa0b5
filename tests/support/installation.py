"""An installation in containers, piece by piece as docker-compose.yml describes it, started by testcontainers.

Each replica is a container of its own that a test can replace, kill, pause or cut off.
"""

import itertools
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
import yaml
from docker.models.containers import Container
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from deploy.embedded.children import free_port
from tests.support.engine import ROOT, SERVICES
from tests.support.leaks import assert_nobody_in
from tests.support.patience import deadline

os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image comes from a registry; we remove ours
_PATIENCE = 90.0
_LOOKED_AT_OFTEN = {"test": ["CMD", "python", "-SIE", "/opt/lounge/healthy.py"], "interval": 10**9, "retries": 3}
"""The image's own check, every second (in nanoseconds): a test waits for it."""
_HEALTHZ = "import urllib.request; urllib.request.urlopen('http://%s:8222/healthz', timeout=2)"
_MEMBER = """
import sys, pymongo
told = pymongo.MongoClient("%s", directConnection=True, serverSelectionTimeoutMS=2000).admin.command("hello")
sys.exit(not (told["secondary"] or told["isWritablePrimary"]))
"""
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def described() -> dict[str, Any]:
    """The services of docker-compose.yml, its variables at their defaults."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(lambda found: found[2] or "", text))["services"]
    return services


@dataclass(slots=True)
class Replica:
    """One container of a service."""

    service: str
    number: int
    container: Container

    @property
    def state(self) -> dict[str, Any]:
        self.container.reload()
        state: dict[str, Any] = self.container.attrs["State"]
        return state

    @property
    def healthy(self) -> bool:
        return bool(self.state.get("Health", {}).get("Status") == "healthy")


class Installation:
    """`nats` and `mongo` are host names: with three of each they are a cluster and a replica set."""

    def __init__(self, tag: str, *, nats: tuple[str, ...] = ("nats",), mongo: tuple[str, ...] = ("mongo",)) -> None:
        self.tag = tag
        self.nats, self.mongo = nats, mongo
        self.name = f"lounge-{secrets.token_hex(3)}"
        self.client = docker.from_env()
        self.replicas: list[Replica] = []
        self._described = described()
        self._network = Network()
        self._numbers = itertools.count(1)
        self._port = free_port()
        self._volumes: set[str] = set()
        self._said: dict[str, bytes] = {}

    def start(self, scale: Mapping[str, int] | None = None) -> None:
        """Everything, in the compose file's order, with the demonstration data."""
        self._network.create()
        self._job("prepare", volumes=self._prepared())
        for host in self.nats:
            self._server("nats", host, {f"handed-{host}": "/run/lounge", host: "/data"})
        for host in self.mongo:
            self._server("mongo", host, {"handed-mongo": "/run/lounge", host: "/data/db"})
        first = next(each for each in self.replicas if each.service == self.mongo[0])
        self._job("topology", network_mode=f"container:{first.container.id}")
        self._run("mail", 1)
        for service in SERVICES[:-1]:
            for _ in range((scale or {}).get(service, 1)):
                self.add(service, wait=False)
        self.ready()
        self.add("gateway")
        self._job("demo", network=self._network.name)

    def stop(self) -> None:
        """Nothing of it is left afterwards, and nobody's name or address stood in what any container logged."""
        label = {"label": f"example.linkj.test={self.name}"}
        for container in self.client.containers.list(all=True, filters=label):
            self._hear(container)
            container.remove(force=True, v=True)
        for volume in self._volumes:
            self.client.volumes.get(volume).remove(force=True)
        self._network.remove()
        self.client.close()
        assert_nobody_in(self._said)

    @property
    def url(self) -> str:
        """The gateway's address on this machine."""
        return f"http://127.0.0.1:{self._port}"

    def of(self, service: str) -> list[Replica]:
        return [each for each in self.replicas if each.service == service]

    def add(self, service: str, *, tag: str | None = None, wait: bool = True) -> Replica:
        """One more replica, healthy when this returns."""
        replica = self._run(service, next(self._numbers), image=f"lounge/{service}:{tag or self.tag}")
        if wait:
            self.ready()
        return replica

    def remove(self, replica: Replica) -> None:
        """Stopped as `docker stop` does, with the compose file's grace; raises where it had to be killed."""
        replica.container.stop(timeout=15)
        status = replica.state["ExitCode"]
        self.replicas.remove(replica)
        self._hear(replica.container)
        replica.container.remove(v=True)
        assert status == 0, f"{replica.service} ended with {status} when it was told to stop"

    def ready(self, *, seconds: float = _PATIENCE) -> None:
        """Returns once every replica of a service is healthy."""
        end = deadline(seconds)
        for replica in self.replicas:
            if replica.service not in SERVICES:
                continue
            while not replica.healthy:
                if time.monotonic() > end or replica.state["Status"] == "exited":
                    raise TimeoutError(f"{replica.service} is not healthy: {self.said(replica)}")
                time.sleep(0.2)

    def said(self, replica: Replica, lines: int = 5) -> str:
        return str(replica.container.logs(tail=lines).decode(errors="replace"))

    def lounge(self, *words: str) -> str:
        """What a `lounge` command prints in the operator's container."""
        return self._job("ops", command=list(words), network=self._network.name)

    def python(self, code: str) -> str:
        """What this program prints, run in the installation's network with all its keys."""
        return self._job("ops", entrypoint=["python", "-c", code], network=self._network.name)

    def answers(self, host: str) -> bool:
        """Whether the nats-server or mongod of this name is a working member of its kind."""
        code = _HEALTHZ if host in self.nats else _MEMBER
        asked = self.of("booking")[0].container.exec_run(["python", "-c", code % host])
        return bool(asked.exit_code == 0)

    def killed(self, replica: Replica) -> None:
        """As a power cut would; it does not come back by itself."""
        replica.container.kill()
        replica.container.wait()

    def cut(self, replica: Replica) -> None:
        """Take it off the network, as a failed switch would: nothing is told, packets just stop."""
        self.client.networks.get(self._network.name).disconnect(replica.container, force=True)

    def mend(self, replica: Replica) -> None:
        alias = "mail" if replica.service == "mail" else replica.service
        self.client.networks.get(self._network.name).connect(replica.container, aliases=[alias])

    def _prepared(self) -> dict[str, str]:
        rooms = {"installation": "/installation"}
        for each in (*SERVICES, "mongo", *self.nats):
            rooms[f"handed-{each}"] = f"/handed/{each}"
        return rooms | {each: f"/stores/{each}" for each in (*self.nats, *self.mongo, "mail", "backups")}

    def _server(self, service: str, host: str, volumes: dict[str, str]) -> Replica:
        return self._run(service, 1, host=host, volumes=volumes)

    def _run(self, service: str, number: int, *, host: str | None = None, **changed: Any) -> Replica:
        host = host or service
        kwargs = self._kwargs(service, changed)
        image = kwargs.pop("image")
        made = DockerContainer(image).with_name(f"{self.name}-{host}-{number}").with_network(self._network)
        made = made.with_network_aliases(host).with_envs(**kwargs.pop("environment"))
        made = made.with_command(kwargs.pop("command", ""))
        for volume, mount in kwargs.pop("volumes").items():
            made = made.with_volume_mapping(volume, mount["bind"], mount["mode"])
        for path in kwargs.pop("tmpfs"):
            made = made.with_tmpfs_mount(path)
        if service in SERVICES:
            kwargs["healthcheck"] = _LOOKED_AT_OFTEN
        made = made.with_kwargs(**kwargs)
        if service == "gateway":
            made = made.with_bind_ports(8080, self._port)
        replica = Replica(host, number, made.start().get_wrapped_container())
        self.replicas.append(replica)
        return replica

    def _job(self, service: str, **changed: Any) -> str:
        """Run a one-shot container to its end; what it printed. Raises ContainerError where it failed."""
        kwargs = self._kwargs(service, changed)
        image = kwargs.pop("image")
        container = self.client.containers.run(image, detach=True, **kwargs)
        status = container.wait(timeout=180)["StatusCode"]
        out = container.logs(stdout=True, stderr=False).decode()
        complaint = container.logs(stdout=False, stderr=True, tail=20).decode()
        self._hear(container, stdout=service != "ops")
        container.remove(v=True)
        if status:
            raise RuntimeError(f"{service} ended with {status}: {complaint}")
        return str(out.strip())

    def _hear(self, container: Container, *, stdout: bool = True) -> None:
        """All that a container logged, in each of its lives, before it goes; what `ops` prints is its answer."""
        self._said[f"{container.name} {container.short_id}"] = container.logs(stdout=stdout, stderr=True)

    def _kwargs(self, service: str, changed: dict[str, Any]) -> dict[str, Any]:
        """A service of the compose file in the words of the engine's API."""
        wanted = self._described[service]
        image = wanted["image"].replace(":0.1.0", f":{self.tag}")
        volumes = changed.pop("volumes", None) or dict(_mounts(wanted.get("volumes", ())))
        kwargs: dict[str, Any] = {
            "image": image,
            "entrypoint": wanted.get("entrypoint"),
            "command": wanted.get("command"),
            "user": wanted.get("user"),
            "read_only": wanted.get("read_only", False),
            "tmpfs": dict.fromkeys(wanted.get("tmpfs", ()), ""),
            "cap_drop": wanted.get("cap_drop"),
            "cap_add": wanted.get("cap_add"),
            "security_opt": wanted.get("security_opt"),
            "pids_limit": wanted.get("pids_limit"),
            "mem_limit": wanted.get("mem_limit"),
            "labels": {"example.linkj.test": self.name},
            "environment": self._environment(wanted.get("environment", {})),
            "volumes": {self._volume(name): {"bind": path, "mode": "rw"} for name, path in volumes.items()},
        }
        if wanted.get("network_mode") == "none":
            kwargs["network_mode"] = "none"
        return {name: value for name, value in (kwargs | changed).items() if value is not None}

    def _environment(self, given: Mapping[str, Any]) -> dict[str, str]:
        environment = {name: "" if value is None else str(value) for name, value in given.items()}
        if "LOUNGE_NATS_URL" in environment:
            environment["LOUNGE_NATS_URL"] = ",".join(f"nats://{host}:4222" for host in self.nats)
        if "LOUNGE_NATS_MONITOR_URL" in environment:
            environment["LOUNGE_NATS_MONITOR_URL"] = ",".join(f"http://{host}:8222" for host in self.nats)
        environment["LOUNGE_NATS_SERVERS"] = ",".join(self.nats)
        environment["LOUNGE_MONGO_HOSTS"] = ",".join(f"{host}:27017" for host in self.mongo)
        return environment

    def _volume(self, name: str) -> str:
        self._volumes.add(f"{self.name}-{name}")
        return f"{self.name}-{name}"


def _mounts(described_as: Any) -> Iterator[tuple[str, str]]:
    for each in described_as:
        name, path = each.split(":")[:2]
        yield name, path


@contextmanager
def installation(tag: str, scale: Mapping[str, int] | None = None, **servers: Any) -> Iterator[Installation]:
    """Running and furnished; gone at the end. What its containers said last is told where it does not start."""
    made = Installation(tag, **servers)
    try:
        try:
            made.start(scale)
        except BaseException as error:
            for replica in made.replicas:
                error.add_note(f"{replica.service}-{replica.number}: {made.said(replica)}")
            raise
        yield made
    finally:
        made.stop()
