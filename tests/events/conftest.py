"""Replicas of events on the real servers, asked as the gateway asks, with a site's own credentials at the door."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from pymongo import MongoClient

from services.events.app import build
from services.events.settings import Settings
from shared.contracts.booking import SiteState
from shared.contracts.message import Answer, Asked, BilingualView, Command, Principal, Query
from shared.kernel.ids import new_id
from shared.kit.clock import SystemClock
from shared.kit.service import Service
from tests.events.words import named, published, salted
from tests.support.servers import Servers
from tests.support.waiting import until

SITES = {"nyc": "America/New_York", "osaka": "Asia/Tokyo"}
OPERATOR = Principal(kind="system", id="ops", roles=frozenset({"operator"}))


def member(name: str) -> Principal:
    return Principal(kind="member", id=name, organization="org-a", roles=frozenset({"member"}))


def site_key(site: str) -> Principal:
    return Principal(kind="site", id=f"key-{site}", site=site, scopes=frozenset({"sites:write"}))


@dataclass
class House:
    """Events at work, and those around it."""

    replicas: list[Service]
    gateway: Client
    ops: Client
    sites: dict[str, Client]
    admin: MongoClient[dict[str, Any]]
    clock: SystemClock = field(default_factory=SystemClock)

    async def ask(
        self, data: Command | Query, by: Principal = OPERATOR, *, key: str | None = None, seconds: float = 8
    ) -> Answer:
        """As the gateway asks."""
        now = self.clock.now()
        ask = Asked[Any](
            principal=by, data=data, correlationid=new_id(now), deadline=now + timedelta(seconds=seconds), key=key
        )
        reply = await self.gateway.request(data.wire, ask.model_dump_json().encode(), timeout=seconds)
        return Answer.model_validate_json(reply.data)

    async def ask_raw(self, subject: str, by: Principal, data: dict[str, Any]) -> Answer:
        """As a gateway that checked nothing would ask."""
        now = self.clock.now()
        ask = {
            "principal": by.model_dump(mode="json"),
            "data": data,
            "correlationid": new_id(now),
            "deadline": (now + timedelta(seconds=8)).isoformat(),
        }
        reply = await self.gateway.request(subject, json.dumps(ask).encode(), timeout=8)
        return Answer.model_validate_json(reply.data)

    async def publish(self, event: dict[str, Any] | bytes, *, site: str = "osaka", kind: str | None = None) -> int:
        """By the site's own key over NATS; the PubAck's sequence."""
        raw = event if isinstance(event, bytes) else orjson.dumps(event)
        name = kind or (event["type"] if isinstance(event, dict) else "org.link-j.seminar.published.v1")
        ack = await self.sites[site].jetstream().publish(f"events.{name}", raw, timeout=5)
        return ack.seq

    async def receipts(self, count: int, *, site: str = "osaka", seconds: float = 10) -> list[dict[str, Any]]:
        """The first `count` the site was sent, oldest first; waits for them."""
        js = self.sites[site].jetstream()

        async def there() -> bool:
            return (await js.stream_info("RECEIPTS")).state.messages >= count

        await until(there, seconds=seconds)
        subscription = await js.subscribe("receipts.>", ordered_consumer=True)
        found = [orjson.loads((await subscription.next_msg(timeout=5)).data) for _ in range(count)]
        await subscription.unsubscribe()
        return found

    def stored(self, collection: str, **where: Any) -> list[dict[str, Any]]:
        return list(self.admin["events"][collection].find(where))

    async def settled(self, *sites: str) -> None:
        """Every message of these sites was handled and acknowledged."""
        js = self.ops.jetstream()

        async def idle() -> bool:
            infos = [await js.consumer_info(f"INGEST_{site}", "events__ingest") for site in sites or ("osaka",)]
            return all(i.num_pending == 0 and i.num_ack_pending == 0 for i in infos)

        await until(idle)

    async def told(self, wire: str) -> list[dict[str, Any]]:
        """The data of every event of this kind on `EVENTS`, in order."""
        js = self.ops.jetstream()
        for replica in self.replicas:
            for relay in replica.relays.values():
                await relay.drained()
        info = await js.stream_info("EVENTS")
        found = []
        for seq in range(info.state.first_seq, info.state.last_seq + 1):
            message = await js.get_msg("EVENTS", seq)
            if str(message.subject).startswith(f"evt.{wire}."):
                found.append(orjson.loads(message.data or b"")["data"])
        return found

    async def seminar(self, external_id: str = "s-1", *, site: str = "osaka", **more: Any) -> str:
        """The id of a seminar the site has just announced."""
        await self.publish(published(site, external_id, **more), site=site)
        await until(lambda: bool(self.stored("seminars", external_id=named(external_id), site=site)))
        return str(self.stored("seminars", external_id=named(external_id), site=site)[0]["_id"])


async def state_of_site(ops: Client, site: str, *, producer: bool, sequence: int = 1) -> None:
    """As booking states it."""
    state = SiteState(id=site, sequence=sequence, name=BilingualView(en=site), time_zone=SITES[site], producer=producer)
    envelope = {
        "id": f"{site}-v{sequence}",
        "source": "/services/booking",
        "type": "org.link-j.state.booking.site.v1",
        "time": "2026-01-01T00:00:00Z",
        "data": state.model_dump(mode="json"),
    }
    await ops.jetstream().publish(f"state.booking.site.v1.{site}", orjson.dumps(envelope), stream="STATE")


def environment(servers: Servers, **settings: Any) -> dict[str, Any]:
    """Of one replica in this process, by the settings' names."""
    env = servers.settings_env("events", **settings)
    fields: dict[str, Any] = {k.removeprefix("LOUNGE_").lower(): v for k, v in env.items()}
    del fields["parent_pid"]
    return fields


@asynccontextmanager
async def around(servers: Servers, *, producers: Sequence[str] = tuple(SITES)) -> AsyncIterator[House]:
    """Everybody but the replicas: the sites' states are there, and external ids are this test's own."""
    salted(f"-{new_id(SystemClock().now())}")
    async with AsyncExitStack() as stack:

        async def connected(name: str) -> Client:
            client = await servers.client(name)
            stack.push_async_callback(client.close)
            return client

        ops = await connected("ops")
        for site in SITES:
            await state_of_site(ops, site, producer=site in producers)
        sites = {site: await connected(f"site-{site}") for site in SITES}
        url = servers.mongo_admin_url  # read as the service reads, or a test sees what the service does not yet
        admin = stack.enter_context(MongoClient[dict[str, Any]](url, tz_aware=True, readConcernLevel="majority"))
        yield House([], await connected("gateway"), ops, sites, admin)


Open = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(clean: Servers) -> Open:
    """`async with open_house(replicas=3) as house`: everything empty, the sites' states there."""

    @asynccontextmanager
    async def opened(
        *, replicas: int = 1, producers: Sequence[str] = tuple(SITES), **settings: Any
    ) -> AsyncIterator[House]:
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(around(clean, producers=producers))
            for n in range(1, replicas + 1):
                service = build(Settings(**environment(clean, replica=n, **settings)))
                house.replicas.append(await stack.enter_async_context(service.running()))
            yield house

    return opened


@pytest.fixture
async def house(open_house: Open) -> AsyncIterator[House]:
    async with open_house() as opened:
        yield opened
