"""A tiny service of one kind of document, on the real servers, under booking's identity; and one that consumes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import pytest
from faststream import AckPolicy
from pymongo import MongoClient

from shared.kit.documents import Documents, document_indexes, history_indexes
from shared.kit.mongo import Mongo
from shared.kit.nats import retry
from shared.kit.service import Received, Service
from tests.support.asking import kit_settings
from tests.support.post import DURABLE, Post, post_of
from tests.support.servers import Servers
from tests.support.things import ThingMade, cause, state_of, thing

__all__ = ["Consuming", "Running", "ThingMade", "cause", "make_service", "thing"]


def make_service(servers: Servers, *, name: str = "booking", **settings: Any) -> Service:
    """A replica as an environment would configure it; `settings` by the settings' names."""
    return Service(name, kit_settings(servers, name, **settings))


def impatient(service: Service) -> Service:
    """Waits for MongoDB a second, not five; before it makes collections."""
    settings = service.settings
    service.mongo = Mongo(settings.mongo_url.get_secret_value(), settings.mongo_database, timeout_s=1.0)
    return service


Running = Callable[..., AbstractAsyncContextManager[tuple[Service, Documents]]]


def empty_things(servers: Servers) -> None:
    """The collection of things, with the indexes the topology job would make."""
    with MongoClient[dict[str, Any]](servers.mongo_admin_url) as admin:
        admin["booking"]["things"].delete_many({})
        admin["booking"]["things_history"].delete_many({})
        admin["booking"]["anchors"].delete_many({})
        admin["booking"]["things"].create_indexes(document_indexes())
        admin["booking"]["things_history"].create_indexes(history_indexes())


def _running(servers: Servers, driver: str, *, hurried: bool = False) -> Running:
    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[tuple[Service, Documents]]:
        service = make_service(servers, mongo_driver=driver, **settings)
        if hurried:
            impatient(service)
        things = service.documents("things", states=state_of)
        async with service.running():
            yield service, things

    return start


@pytest.fixture
def things(clean: Servers) -> Servers:
    """The clean servers, ready for things."""
    empty_things(clean)
    return clean


@pytest.fixture(params=["motor", "pymongo"])
def running(request: pytest.FixtureRequest, things: Servers) -> Running:
    """`async with running() as (service, things)`: connected and at work, on either driver."""
    return _running(things, request.param)


@pytest.fixture
def one(things: Servers) -> Running:
    """The same on the default driver alone, waiting for it a second, where the driver is not what is tested."""
    return _running(things, "motor", hurried=True)


@pytest.fixture
async def post(clean: Servers) -> AsyncIterator[Post]:
    async with post_of(clean) as hand:
        yield hand


Handle = Callable[[Received[ThingMade]], Awaitable[None]]
Consuming = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def consuming(clean: Servers) -> Consuming:
    """`async with consuming(handler, workers=2) as service`: notify, handling what is put for placed bookings."""

    @asynccontextmanager
    async def start(handler: Handle, *, workers: int = 2, **settings: Any) -> AsyncIterator[Service]:
        service = impatient(make_service(clean, name="notify", **settings))
        service.event(
            stream="EVENTS", durable=DURABLE, model=ThingMade, ack_policy=AckPolicy.NACK_ON_ERROR, workers=workers
        )(handler)
        async with service.running():
            yield service

    return start


Failing = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def failing(clean: Servers) -> Iterator[Failing]:
    """`with failing("insert", times=2, closeConnection=True)`: what mongod does to booking's commands of this name."""
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin:

        @contextmanager
        def point(command: str, *, times: int = 1, **what: Any) -> Iterator[None]:
            data = {"failCommands": [command], "appName": "lounge-booking", **what}
            admin.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})
            try:
                yield
            finally:
                admin.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

        yield point


NOT_REPLICATED = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
UNSATISFIABLE = {"writeConcernError": {"code": 100, "errmsg": "not enough data-bearing nodes"}}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four tries with short, still growing delays."""
    monkeypatch.setattr(retry, "TRIES", 4)
    monkeypatch.setattr(retry, "_DELAYS", (0.1, 0.2, 0.4, 0.8))
