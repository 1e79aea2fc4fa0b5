"""The store of bookings, in memory and on the real mongod with both drivers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.booking.store import Bookings, SeriesStore, Waits
from shared.kit.documents import Documents
from shared.kit.mongo import Mongo
from tests.booking.moved_clocks import World
from tests.support.booking import ROOM, ROOM_B, StillClock
from tests.support.documents import FakeDocuments
from tests.support.fake_bookings import FakeBookings, FakeSeriesStore
from tests.support.servers import Servers
from tests.support.waitlist import WaitingHouse


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


def real_waits(mongo: Mongo) -> Waits:
    documents = Documents(mongo.collection("waits"), None, StillClock(), lambda _: None)
    return Waits(documents, mongo.collection("tickets"))


@pytest.fixture(params=["fake", "motor", "pymongo"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Rooms A and B, and both as one."""
    both = replace(ROOM, id="room-ab", parts=("room-a", "room-b"))
    if request.param == "fake":
        house = WaitingHouse(ROOM, ROOM_B, both)
        memory = house.bookings.memory
        yield World(house, FakeBookings(memory), FakeSeriesStore(memory), house.waits, tmp_path)
        return
    servers: Servers = request.getfixturevalue("clean")
    mongo = Mongo(servers.mongo_url("booking"), "booking", request.param)
    house = WaitingHouse(ROOM, ROOM_B, both, waits=real_waits(mongo))
    bookings, series = real_bookings(mongo), real_series(mongo)
    house.work_on(bookings)
    house.repeat = house.repeating_on(series)
    house.queue(bookings)
    yield World(house, real_bookings(mongo), series, house.waits, tmp_path)
    await mongo.close()
