"""Three nats-servers and three mongods on loopback, and the services on them: each a real process, none supervised.

What ends stays ended until a test starts it again, so a service that does not survive a fault is found out.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import topology
from deploy.embedded import readiness
from deploy.embedded.children import free_port, stop
from deploy.embedded.demo import furnish
from deploy.embedded.folder import DataFolder
from deploy.embedded.plan import House, Wanted
from deploy.embedded.supervisor import Kept
from deploy.mongo.admin import Passwords
from deploy.mongo.prepare import prepare
from deploy.mongo.server import MongoServer
from deploy.nats.config import Cluster
from deploy.nats.keys import KeyFolder
from deploy.nats.server import NatsServer
from deploy.ops import Ops, connected
from deploy.tls import Tls
from shared.contracts.members import IssueToken
from shared.kit.clock import SystemClock
from tests.support.eventually import eventually
from tests.support.leaks import assert_nobody_in, logs_of, said_in
from tests.support.patience import deadline
from tests.support.servers import Mongod, Nats, apart

MEMBERS = 3
SITE = "nyc"


class NatsCluster:
    """Three servers that are one; each message is on all three. Answers what House asks of a single server."""

    def __init__(self, folder: Path, keys: KeyFolder, *, tls: Tls | None = None) -> None:
        ports = [free_port() for _ in range(MEMBERS)]
        routes, password = tuple(f"127.0.0.1:{port}" for port in ports), secrets.token_hex(16)
        self.keys = keys
        self.servers: list[NatsServer] = [
            Nats(
                folder / f"nats-{number}",
                keys,
                name=f"nats-{number}",
                cluster=Cluster("lounge", port, routes, password, tls=tls),
                tls=tls,
            )
            for number, port in enumerate(ports, 1)
        ]

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers)

    @property
    def monitor_url(self) -> str:
        return ",".join(server.monitor_url for server in self.servers)

    def start(self) -> None:
        for server in self.servers:
            server.start()

    def is_ready(self) -> bool:
        """Whether every server takes clients and has caught up with what it holds copies of."""
        return all(server.is_ready() for server in self.servers)

    def named(self, name: str) -> NatsServer:
        return next(server for server in self.servers if server.name == name)

    async def apply(self, *, replicas: int = MEMBERS) -> None:
        """The topology of an installation with one site, as the topology job does it."""
        ops = await topology.connect(self.url, self.keys.seed_file("ops"), "ops")
        try:
            await topology.apply(ops.jetstream(), sites=(SITE,), replicas=replicas)
        finally:
            await ops.close()
        await topology.apply_site_account(self.url, self.keys, SITE, replicas)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


class MongoSet:
    """Three members of one set. Answers what House asks of a single mongod."""

    def __init__(self, folder: Path, passwords: Passwords, *, tls: Tls | None = None) -> None:
        self.passwords = passwords
        ports = [free_port() for _ in range(MEMBERS)]
        hosts = [f"127.0.0.1:{port}" for port in ports]
        self.members: list[MongoServer] = [
            Mongod(
                folder / f"mongo-{number}",
                passwords,
                port=port,
                testing=True,
                set_hosts=(hosts[number - 1], *(host for host in hosts if host != hosts[number - 1])),
                tls=tls,
            )
            for number, port in enumerate(ports, 1)
        ]
        self.reader_url = self.members[0].reader_url
        self.url_of = self.members[0].url_of

    def start(self) -> None:
        for member in self.members:
            member.start()

    def form(self) -> None:
        """Returns once the set has a primary, users and indexes, and every member has caught up."""
        eventually(self.members[0].is_primary, seconds=30, what="the set to have a primary")
        prepare(self.members[0].hosts, self.passwords, ca=self.members[0].ca)
        eventually(self.is_whole, seconds=30, what="every member to follow the primary")

    def is_whole(self) -> bool:
        """Whether one member leads and all others follow."""
        return sorted(self._states().values()) == ["PRIMARY", *["SECONDARY"] * (MEMBERS - 1)]

    def _states(self) -> dict[str, str]:
        try:
            with MongoClient[dict[str, Any]](self.members[0].admin_url, serverSelectionTimeoutMS=500) as client:
                told = client.admin.command("replSetGetStatus")["members"]
        except PyMongoError:
            return {}
        return {each["name"]: each["stateStr"] for each in told}

    def primary(self) -> MongoServer:
        eventually(lambda: "PRIMARY" in self._states().values(), seconds=20, what="a primary")
        states = self._states()
        return next(each for each in self.members if states[f"127.0.0.1:{each.port}"] == "PRIMARY")

    def step_down(self) -> None:
        """The primary lets another be elected, as before a planned stop."""
        with MongoClient[dict[str, Any]](self.members[0].admin_url) as client:
            client.admin.command({"replSetStepDown": 10, "secondaryCatchUpPeriodSecs": 5})

    def stop(self) -> None:
        with ThreadPoolExecutor(MEMBERS) as pool:
            list(pool.map(MongoServer.stop, self.members))


class LoungeCluster:
    """The whole system on three of each server: two replicas of booking and of events, one of the others, a gateway."""

    def __init__(self, folder: Path) -> None:
        data = DataFolder(folder)
        data.take()
        self.house = House(data, Wanted(folder, port=0, scale={"booking": 2, "events": 2}))
        self._sink = self.house.servers()[-1]
        self.keys = data.keys
        self.nats = NatsCluster(folder, self.keys)
        self.mongo = MongoSet(folder, Passwords(data.mongo_keys))
        self.house.nats, self.house.mongo = self.nats, self.mongo  # type: ignore[assignment] # as their docstrings say
        self.kept: list[Kept] = []

    @property
    def url(self) -> str:
        return self.house.gateway_url

    def start(self) -> None:
        """Returns when the demonstration is furnished and the gateway answers. Main thread only."""
        self.mongo.start()
        self.nats.start()
        self.kept = [self._sink, *self.house.services()]
        for kept in self.kept:
            kept.run(time.monotonic())
        eventually(self.nats.is_ready, seconds=30, what="three nats-servers")
        apart(self.nats.apply())
        self.mongo.form()
        self.house.word["services"].touch()
        apart(readiness.services(self.house, self.kept))
        apart(self._furnish())
        self.house.word["gateway"].touch()
        apart(readiness.gateway(self.house, self.kept))

    async def _furnish(self) -> None:
        async with self.ops() as ops:
            await furnish(ops)

    @asynccontextmanager
    async def ops(self) -> AsyncIterator[Ops]:
        """A connection with the installation's own key, over whichever server answers."""
        async with connected(self.nats.url, self.keys.seed_file("ops"), SystemClock()) as ops:
            yield ops

    def token(self, email: str) -> str:
        async def issued() -> str:
            async with self.ops() as ops:
                return str((await ops.ask(IssueToken(email=email)))["access_token"])

        return apart(issued())

    def ended(self) -> list[str]:
        """The processes that ended by themselves; none should."""
        return [kept.name for kept in self.kept if kept.child is None or kept.child.poll() is not None]

    async def healed(self, *, seconds: float = 120) -> None:
        """Returns once every server is whole, and the services have nothing unsent and nothing pending.

        Telling people steps back behind all else (`LOUNGE_NICE`): on a busy machine a backlog takes its time.
        """
        end = deadline(seconds)
        for whole in (self.nats.is_ready, self.mongo.is_whole):
            while not await asyncio.to_thread(whole):
                assert time.monotonic() < end, f"{whole.__qualname__} is not true after {seconds:g} s"
                await asyncio.sleep(0.1)
        async with self.ops() as ops:
            await ops.settled(sites=(SITE,), seconds=seconds)

    def stop(self) -> None:
        """Nobody's name or address, and nothing they wrote, may stand in what any of its processes logged."""
        with ThreadPoolExecutor() as pool:
            running = [(kept.child, kept.grace) for kept in self.kept if kept.child]
            list(pool.map(lambda each: stop(each[0], grace=each[1]), running))
        for child in (*(each.child for each in self.nats.servers), *(each.child for each in self.mongo.members)):
            if child:
                child.send_signal(signal.SIGCONT)  # one a failed test left frozen could not stop
        self.nats.stop()
        self.mongo.stop()
        self.house.folder.release()
        assert_nobody_in(said_in(logs_of(self.house.folder.path)))


async def told(lounge: LoungeCluster, *words: str) -> Any:
    """What a `lounge` command prints with --json, finding the system by its environment."""
    found = {"LOUNGE_NATS_URL": lounge.nats.url, "LOUNGE_NATS_SEED_FILE": str(lounge.keys.seed_file("ops"))}
    argv = [sys.executable, "-m", "deploy.cli", *words, "--json"]
    done = await asyncio.to_thread(
        subprocess.run, argv, check=False, capture_output=True, text=True, env={**os.environ, **found}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
