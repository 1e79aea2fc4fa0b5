"""A running replica of notify on the real servers, a mail server that writes down, and the others' hands."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from pymongo import MongoClient

from services.notify.app import build
from services.notify.settings import Settings
from shared.contracts.message import Answer, Asked, Command, Event, Principal, Query, State
from shared.kit.catching_up import info_of, lag_of
from shared.kit.mongo import Mongo
from shared.kit.service import Service
from tests.notify.builders import NOON, contact, envelope, site
from tests.notify.ledger import Ledger, ledger_server
from tests.support.post import Post, is_for, post_of
from tests.support.servers import Servers
from tests.support.waiting import until


@dataclass
class Wall:
    """The clock on the wall, set by hand."""

    path: Path
    at: datetime = NOON

    def __post_init__(self) -> None:
        self.path.write_text(self.at.isoformat())

    def now(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by
        self.path.write_text(self.at.isoformat())


@dataclass
class House:
    """Notify at work, and those around it."""

    service: Service
    post: Post
    gateway: Client
    ledger: Ledger
    admin: MongoClient[dict[str, Any]]
    wall: Wall
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    said: dict[str, int] = field(default_factory=dict)
    """The place in its stream of what was last put on each subject."""

    def id(self, event_id: str) -> str:
        """The whole id of an event: the stream remembers ids for minutes, longer than a test runs."""
        return f"{event_id}-{self.run}"

    async def state(self, *states: State) -> None:
        """Puts them on `STATE`; the copies follow in their own time."""
        for state in states:
            body = orjson.dumps(envelope(state, f"state-{state.model_dump()['id']}"))
            await self._put(f"state.{state.wire}.{state.model_dump()['id']}", body)

    async def known(self, *states: State) -> None:
        """Puts them on `STATE` and waits until the copies have them, so that a majority read sees them."""
        await self.state(*states)
        for state in states:
            body = state.model_dump()
            here = {"_id": body["id"], "sequence": body["sequence"]}
            await until(partial(self._holds, f"copy_{state.wire.split('.')[1]}", here))
        await until(self._caught_up)

    async def _caught_up(self) -> bool:
        """Nothing is left, nor on its way: a stream that took a message counts it for its durables a moment later."""
        for durable in list(self.service.durables.values()):
            last = max((seq for subject, seq in self.said.items() if is_for(durable.filter, subject)), default=0)
            info = await info_of(durable, self.service.broker)
            if lag_of(info) or info.delivered is None or info.delivered.stream_seq < last:
                return False
        return True

    def _holds(self, collection: str, query: dict[str, Any]) -> bool:
        return self.stored(collection, **query) == 1

    async def event(
        self,
        event: Event,
        event_id: str,
        *,
        about: str,
        at: datetime = NOON,
        correlationid: str = "corr-1",
        times: int = 1,
    ) -> None:
        """Puts it on `EVENTS`, `times` over under different message ids."""
        body = orjson.dumps(envelope(event, self.id(event_id), at=at, correlationid=correlationid))
        for _ in range(times):
            await self._put(f"evt.{event.wire}.{about}", body)

    async def _put(self, subject: str, body: bytes) -> None:
        self.said[subject] = (await self.post.js.publish(subject, body)).seq

    async def quiet(self) -> None:
        """Returns once nothing is left on any of notify's durables, nothing unsent, no mail due."""
        await until(self._is_quiet, seconds=20)

    async def _is_quiet(self) -> bool:
        return (
            await self._caught_up()
            and not self.stored("notices", unsent=True)
            and not self.stored("mails", next_try={"$ne": None})
        )

    def stored(self, collection: str, **query: Any) -> int:
        return self.admin["notify"][collection].count_documents(query)

    def rows(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        return list(self.admin["notify"][collection].find(query))

    async def ask(self, asked: Command | Query, by: Principal, **more: Any) -> Answer:
        """The reply, as the gateway gets it."""
        fields: dict[str, Any] = {"correlationid": "corr-ask", "deadline": self.wall.at + timedelta(seconds=8)}
        ask = Asked[Any](principal=by, data=asked, **(fields | more))
        reply = await self.gateway.request(asked.wire, ask.model_dump_json().encode(), timeout=8)
        return Answer.model_validate_json(reply.data)


Houses = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    async with ledger_server() as server:
        yield server


def replica(servers: Servers, ledger: Ledger, **settings: Any) -> Service:
    """A replica as an environment would configure it; `settings` by the settings' names."""
    own: dict[str, Any] = {"smtp_url": f"smtp://127.0.0.1:{ledger.port}", "smtp_timeout": 1.0}
    env = servers.settings_env("notify", **(own | settings))
    fields: dict[str, Any] = {k.removeprefix("LOUNGE_").lower(): v for k, v in env.items() if k != "LOUNGE_PARENT_PID"}
    return build(Settings(**fields))


@pytest.fixture
def houses(clean: Servers, ledger: Ledger, tmp_path: Path) -> Houses:
    """`async with houses(mongo_driver="pymongo") as house`: one replica; Hanako and the New York site are known."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[House]:
        wall = Wall(tmp_path / "clock")
        service = replica(clean, ledger, clock=f"virtual:{wall.path}", **settings)
        gateway = await clean.client("gateway")
        with MongoClient[dict[str, Any]](clean.mongo_admin_url, tz_aware=True) as admin:
            try:
                async with post_of(clean) as post, service.running():
                    house = House(service, post, gateway, ledger, admin, wall)
                    await house.known(contact(), site())
                    yield house
            finally:
                await gateway.close()

    return start


@pytest.fixture
async def house(houses: Houses) -> AsyncIterator[House]:
    async with houses() as made:
        yield made


@pytest.fixture(params=["motor", "pymongo"])
async def mongo(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Mongo]:
    """Notify's own database over either driver, empty; the streams are left alone."""
    with MongoClient[dict[str, Any]](servers.mongo_admin_url) as admin:
        for name in admin["notify"].list_collection_names():
            admin["notify"][name].delete_many({})
    opened = Mongo(servers.mongo_url("notify"), "notify", request.param)
    yield opened
    await opened.close()
