"""What sites sent is stored for good, or said not to be."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from services.events.store import Arrivals, Quarantine
from services.events.store.site_messages import Arrival, Unusable
from shared.kit.clock import SystemClock
from shared.kit.mongo import BulkWriteError, Mongo
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
