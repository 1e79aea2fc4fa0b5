"""A tiny service of one kind of document, on the real servers, under booking's identity."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar

import pytest
from pymongo import MongoClient

from shared.contracts.message import Event, State
from shared.kit.documents import Cause, Documents, Draft, document_indexes
from shared.kit.service import Service
from shared.kit.settings import KitSettings
from tests.support.servers import Servers


class ThingMade(Event):
    """An event of these tests, outside the registry."""

    wire: ClassVar[str] = "booking.thing_made.v1"
    name: str


class ThingState(State):
    """The state of a thing of these tests."""

    wire: ClassVar[str] = "booking.thing.v1"
    id: str
    sequence: int
    erased: bool = False
    name: str = ""


def thing(name: str, *claims: str, events: int = 1, **more: Any) -> Draft:
    return Draft({"name": name}, [ThingMade(name=f"{name}-{n}") for n in range(events)], claims, **more)


def cause(key: str | None = None, *, fingerprint: str | None = None, **more: Any) -> Cause:
    return Cause("cmd.booking.make_thing.v1", "ana", "corr-1", key=key, fingerprint=fingerprint or key, **more)


def state_of(doc: dict[str, Any]) -> list[State]:
    return [ThingState(id=doc["_id"], sequence=doc["version"], name=doc["name"])]


def make_service(servers: Servers, *, name: str = "booking", **settings: Any) -> Service:
    """A replica as an environment would configure it; `settings` by the settings' names."""
    env = servers.settings_env(name, **settings)
    fields = {k.removeprefix("LOUNGE_").lower(): v for k, v in env.items() if k != "LOUNGE_PARENT_PID"}
    return Service(name, KitSettings(**fields))


Running = Callable[..., AbstractAsyncContextManager[tuple[Service, Documents]]]


@pytest.fixture(params=["motor", "pymongo"])
def running(request: pytest.FixtureRequest, clean: Servers) -> Running:
    """`async with running() as (service, things)`: connected and at work, on either driver."""

    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin:
        admin["booking"]["things"].delete_many({})
        admin["booking"]["things_history"].delete_many({})
        admin["booking"]["things"].create_indexes(document_indexes())

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[tuple[Service, Documents]]:
        service = make_service(clean, mongo_driver=request.param, **settings)
        things = service.documents("things", states=state_of)
        async with service.running():
            yield service, things

    return start
