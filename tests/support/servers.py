"""The real servers of a test run: nats-server and mongod as in production, with permissions and users on.

Tests take the fixture `servers` (one pair for the whole run) and, where they write, `clean`.
"""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError

from deploy import topology
from deploy.mongo.admin import Passwords, connect, index_all
from deploy.mongo.server import MongoServer
from deploy.nats.keys import KeyFolder
from deploy.nats.server import NatsServer
from shared.contracts.topology import SERVICES, STREAMS, inbox_prefix, ingest_stream
from tests.support.eventually import eventually
from tests.support.leaks import assert_nobody_in, keep, logs_of, said_in

T = TypeVar("T")
SITES = ("nyc", "osaka")
"""The producers every test run has an account and an INGEST stream for."""


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a loop of its own, also where this thread has one running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class Nats(NatsServer):
    """One whose log of earlier lives is kept."""

    def start(self) -> subprocess.Popen[bytes]:
        keep(self.said)
        return super().start()


class Mongod(MongoServer):
    """One whose log of earlier lives is kept."""

    def start(self) -> subprocess.Popen[bytes]:
        keep(self.said)
        return super().start()


class Servers:
    """A nats-server and a mongod in `folder`, and everything a service needs to speak to them.

    Names of identities: booking, members, events, notify, gateway, ops, and per site `site-<site>`, `hub-<site>`.
    """

    def __init__(self, folder: Path, *, sites: Sequence[str] = SITES) -> None:
        self.folder = folder
        self.sites = tuple(sites)
        self.keys = KeyFolder(folder / "keys" / "nats")
        self.passwords = Passwords(folder / "keys" / "mongo")
        for site in self.sites:
            self.keys.seed_file(f"site-{site}")
        self.nats = Nats(folder, self.keys)
        self.mongo = Mongod(folder, self.passwords, testing=True)

    def start(self) -> None:
        """Start both at once; returns when the topology, users and indexes are there. Main thread only."""
        self.mongo.start()
        self.nats.start()
        self.nats.wait_ready()
        apart(self.apply_topology())
        self.mongo.wait_ready()

    def stop(self) -> None:
        """Nobody's name or address, and nothing they wrote, may stand in what either logged."""
        self.nats.stop()
        self.mongo.stop()
        assert_nobody_in(said_in(logs_of(self.folder)))

    @property
    def nats_url(self) -> str:
        return self.nats.url

    @property
    def nats_monitor_url(self) -> str:
        return self.nats.monitor_url

    @property
    def mongo_admin_url(self) -> str:
        return self.mongo.admin_url

    def mongo_url(self, service: str) -> str:
        return self.mongo.url_of(service)

    def seed_file(self, name: str) -> Path:
        return self.keys.seed_file(name)

    def inbox_prefix(self, name: str) -> str:
        return inbox_prefix(name.removeprefix("site-"))

    def settings_env(self, service: str, **more: object) -> dict[str, str]:
        """One replica's LOUNGE_* variables; `more` by the settings' names: `settings_env("booking", replica=2)`."""
        known: dict[str, object] = {
            "nats_url": self.nats_url,
            "nats_monitor_url": self.nats_monitor_url,
            "nats_seed_file": self.seed_file(service),
            "nats_inbox_prefix": self.inbox_prefix(service),
            "testing": "true",
            "parent_pid": os.getpid(),
        }
        if service in SERVICES:
            known |= {"mongo_url": self.mongo_url(service), "mongo_database": service}
        if service == "members":
            known["members_secret"] = "0" * 64
        if service == "notify":
            known["smtp_url"] = "smtp://127.0.0.1:9"  # nobody listens; a test that reads mail names its own sink
        return {f"LOUNGE_{name.upper()}": str(value) for name, value in (known | more).items()}

    async def client(self, name: str) -> Client:
        """A plain nats-py client of this identity; the caller closes it."""
        return await topology.connect(self.nats_url, self.seed_file(name), name.removeprefix("site-"))

    async def apply_topology(self) -> None:
        ops = await self.client("ops")
        await topology.apply(ops.jetstream(), sites=self.sites)
        await ops.close()
        for site in self.sites:
            await topology.apply_site_account(self.nats_url, self.keys, site)

    def kill_nats(self) -> None:
        """Kill with -9; `restart_nats` brings it back on the same port with what it had stored."""
        self.nats.kill()

    def restart_nats(self) -> None:
        self.nats.start()
        self.nats.wait_ready()

    def kill_mongo(self) -> None:
        """Kill with -9; `restart_mongo` brings it back on the same port with what it had stored."""
        self.mongo.kill()

    def restart_mongo(self) -> None:
        self.mongo.start()
        eventually(self.mongo.is_primary, seconds=30, what="mongod to become primary")

    def clean(self) -> None:
        """Empty every database and stream; indexes, durables and users stay. Start services of your own after it."""
        with connect(self.mongo.port, self.passwords.of("lounge_admin")) as client:
            for service in SERVICES:
                database = client[service]
                for name in database.list_collection_names(filter={"name": {"$not": {"$regex": r"^system\."}}}):
                    database[name].delete_many({})
            index_all(client)
        apart(self._purge())

    async def _purge(self) -> None:
        ops = await self.client("ops")
        js = ops.jetstream()
        for stream in [s.name for s in STREAMS] + [ingest_stream(site).name for site in self.sites]:
            await js.purge_stream(stream)
        await ops.close()
        for site in self.sites:
            hub = await self.client(f"hub-{site}")
            await hub.jetstream().purge_stream("RECEIPTS")
            await hub.close()

    async def durable(self, stream: str, name: str, subject: str = ">", **settings: Any) -> None:
        """A durable of a test's own, fresh, beside those of the topology; only what comes from now on concerns it."""
        ops = await self.client("ops")
        js = ops.jetstream()
        with contextlib.suppress(NotFoundError):
            await js.delete_consumer(stream, name)
        await js.add_consumer(stream, ConsumerConfig(durable_name=name, filter_subject=subject, **settings))
        await ops.close()
