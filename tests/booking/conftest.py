"""The store of bookings, in memory and on the real mongod with both drivers."""

from collections.abc import AsyncIterator

import pytest

from services.booking.store import Bookings, SeriesStore
from shared.kit.documents import Documents
from shared.kit.mongo import Mongo
from tests.support.booking import StillClock
from tests.support.documents import FakeDocuments
from tests.support.fake_bookings import FakeBookings
from tests.support.servers import Servers


@pytest.fixture(params=["motor", "pymongo"])
async def mongo(request: pytest.FixtureRequest, clean: Servers) -> AsyncIterator[Mongo]:
    """Booking's own database, as booking's own user, empty."""
    connected = Mongo(clean.mongo_url("booking"), "booking", request.param)
    yield connected
    await connected.close()


@pytest.fixture(params=["fake", "motor", "pymongo"])
async def bookings(request: pytest.FixtureRequest) -> AsyncIterator[Bookings]:
    """Empty; the fake passes what the real one passes."""
    if request.param == "fake":
        yield FakeBookings(FakeDocuments(StillClock()))
        return
    servers: Servers = request.getfixturevalue("clean")
    connected = Mongo(servers.mongo_url("booking"), "booking", request.param)
    yield real_bookings(connected)
    await connected.close()


def real_bookings(mongo: Mongo) -> Bookings:
    history = mongo.collection("bookings_history")
    return Bookings(Documents(mongo.collection("bookings"), history, StillClock(), lambda _: None))


def real_series(mongo: Mongo) -> SeriesStore:
    history = mongo.collection("bookings_history")
    return SeriesStore(Documents(mongo.collection("bookings"), history, StillClock(), lambda _: None))
