"""What sites sent is stored for good, or said not to be."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from pymongo import MongoClient

from services.events.domain.incoming import Read
from services.events.handlers.reading import READERS
from services.events.handlers.site_messages import Delivery, SiteMessages, Verdict
from services.events.store import Arrivals, Quarantine, Seminars
from services.events.store.site_messages import Arrival, Unusable
from shared.kit.clock import SystemClock
from shared.kit.documents import Documents
from shared.kit.mongo import BulkWriteError, Mongo
from tests.events.words import named, published
from tests.support.servers import Servers

NOT_REPLICATED = {"code": 64, "errmsg": "waiting for replication timed out"}
ARRIVALS = [Arrival("osaka", f"e-{n}", "digest", f"osaka-{n}") for n in range(2)]


@pytest.fixture(params=["motor", "pymongo"])
async def mongo(request: pytest.FixtureRequest, clean: Servers) -> AsyncIterator[Mongo]:
    opened = Mongo(clean.mongo_url("events"), "events", request.param)
    yield opened
    await opened.close()


@pytest.fixture
def unreplicated(clean: Servers) -> Iterator[Callable[[], Any]]:
    """Within it the next insert is applied, and no majority says so."""
    with MongoClient[dict[str, Any]](clean.mongo_admin_url) as admin:

        @contextmanager
        def once() -> Iterator[None]:
            data = {"failCommands": ["insert"], "appName": "lounge-events", "writeConcernError": NOT_REPLICATED}
            admin.admin.command({"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": data})
            try:
                yield
            finally:
                admin.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

        yield once


def unusable(n: int) -> Unusable:
    at = SystemClock().now()
    return Unusable("osaka", f"osaka-{n}", b"nonsense", "x", n, at, "malformed", "", None, None)


async def arrive(mongo: Mongo) -> None:
    await Arrivals(mongo.collection("arrivals")).first(ARRIVALS, at=SystemClock().now())


async def keep(mongo: Mongo) -> None:
    await Quarantine(mongo.collection("quarantine")).keep([unusable(1), unusable(2)])


@pytest.mark.parametrize("store", [arrive, keep])
async def test_what_no_majority_has_is_not_taken_for_stored(
    mongo: Mongo, unreplicated: Callable[[], Any], store: Callable[[Mongo], Awaitable[None]]
) -> None:
    for _ in range(2):  # rows that are new, and rows that were there
        with unreplicated(), pytest.raises(BulkWriteError):
            await store(mongo)
    await store(mongo)


TYPE = "org.link-j.seminar.published.v1"


def delivered(name: str, n: int) -> Delivery:
    raw = orjson.dumps(published("osaka", name))
    return Delivery("osaka", raw, TYPE, f"osaka-{n}-{name}", n, SystemClock().now())


async def test_one_message_nobody_was_prepared_for_hinders_no_other_of_its_batch(mongo: Mongo) -> None:
    def read(data: Any) -> Read:
        if data["external_id"] == named("poison"):
            raise RecursionError
        return READERS[TYPE](data)

    async def changed(_: str, __: str) -> None: ...

    clock, history = SystemClock(), mongo.collection("seminars_history")
    seminars = Seminars(Documents(mongo.collection("seminars"), history, clock, lambda _: None))
    stores = Arrivals(mongo.collection("arrivals")), Quarantine(mongo.collection("quarantine"))
    messages = SiteMessages(seminars, *stores, readers={TYPE: read}, changed=changed)
    batch = [delivered(name, n) for n, name in enumerate(("s-1", "poison", "s-2"))]
    first, poison, last = await messages.take(batch, at=clock.now())
    assert isinstance(poison, RecursionError)
    assert [isinstance(each, Verdict) and each.outcome for each in (first, last)] == ["accepted", "accepted"]
