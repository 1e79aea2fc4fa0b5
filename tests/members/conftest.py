"""A running replica of members on the real servers, asked as the gateway asks, with a notify that only listens."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from pymongo import MongoClient

from services.members.app import build
from services.members.settings import Settings
from shared.contracts.message import Answer, Asked, Command, Principal, Query
from shared.contracts.notify import SendSignInCode
from shared.kernel.ids import new_id
from shared.kit.service import Service
from tests.members.people import OPS
from tests.support.certificates import Certificates, certificates
from tests.support.servers import Servers

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


@dataclass
class Wall:
    """The clock on the wall, set by hand; every replica of the test reads it."""

    path: Path
    at: datetime = NOON

    def __post_init__(self) -> None:
        self.path.write_text(self.at.isoformat())

    def forward(self, by: timedelta) -> datetime:
        self.at += by
        self.path.write_text(self.at.isoformat())
        return self.at


@dataclass
class Notify:
    """What notify was asked to mail, newest last; `reply` None makes it silent."""

    client: Client
    asked: list[SendSignInCode] = field(default_factory=list)

    async def listen(self) -> None:
        async def answer(msg: Msg) -> None:
            ask = Asked[SendSignInCode].model_validate_json(msg.data)
            self.asked.append(ask.data)
            await msg.respond(orjson.dumps({"status": 202, "replay": False, "data": None}))

        self.subscription = await self.client.subscribe(SendSignInCode.wire, queue="notify", cb=answer)
        await self.client.flush()

    async def leave(self) -> None:
        await self.subscription.unsubscribe()
        await self.client.flush()

    def code(self) -> str:
        """The newest code that went out."""
        code = self.asked[-1].code
        assert code is not None
        return code


@dataclass
class House:
    """Members at work, and those around it."""

    service: Service
    gateway: Client
    notify: Notify
    wall: Wall
    admin: MongoClient[dict[str, Any]]

    async def ask(
        self,
        asked: Command | Query,
        by: Principal = OPS,
        *,
        key: str | None = None,
        if_match: int | None = None,
        seconds: int = 8,
    ) -> Answer:
        """The reply, as the gateway gets it; without `key`, a key of its own; `seconds` to the deadline."""
        envelope = Asked[Any](
            principal=by,
            data=asked,
            correlationid="corr-1",
            deadline=self.wall.at + timedelta(seconds=seconds),
            key=key or new_id(self.wall.at),
            if_match=if_match,
        )
        reply = await self.gateway.request(asked.wire, envelope.model_dump_json().encode(), timeout=8)
        return Answer.model_validate_json(reply.data)

    async def done(self, asked: Command | Query, by: Principal = OPS, **more: Any) -> Any:
        """The data of a success."""
        answer = await self.ask(asked, by, **more)
        assert answer.problem is None, answer.problem
        return answer.data

    async def refused(self, asked: Command | Query, by: Principal = OPS, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = await self.ask(asked, by, **more)
        assert answer.problem is not None, answer.data
        return answer.problem.status, answer.problem.code


Houses = Callable[..., AbstractAsyncContextManager[House]]


def replica(servers: Servers, **settings: Any) -> Service:
    """A replica as an environment would configure it; `settings` by the settings' names."""
    env = servers.settings_env("members", members_secret="k" * 48, **settings)
    fields: dict[str, Any] = {k.removeprefix("LOUNGE_").lower(): v for k, v in env.items() if k != "LOUNGE_PARENT_PID"}
    fields |= {name: value for name, value in settings.items() if isinstance(value, tuple)}
    return build(Settings(**fields))


@pytest.fixture
def houses(clean: Servers, tmp_path: Path) -> Houses:
    """`async with houses(mongo_driver="pymongo") as house`: one replica, the gateway's key, a listening notify."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[House]:
        wall = Wall(tmp_path / "clock")
        service = replica(clean, clock=f"virtual:{wall.path}", **settings)
        gateway, notify = await clean.client("gateway"), Notify(await clean.client("notify"))
        with MongoClient[dict[str, Any]](clean.mongo_admin_url, tz_aware=True) as admin:
            try:
                async with service.running():
                    await notify.listen()
                    yield House(service, gateway, notify, wall, admin)
            finally:
                await gateway.close()
                await notify.client.close()

    return start


@pytest.fixture
async def house(houses: Houses) -> AsyncIterator[House]:
    async with houses() as made:
        yield made


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For an identity provider on a loopback port."""
    return certificates(tmp_path_factory.mktemp("certificates"), "localhost")
