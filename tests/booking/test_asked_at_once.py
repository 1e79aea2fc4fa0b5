"""Availability many ask for at once: one look, and never older than the question."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.booking.queries.places import PlaceQueries
from shared.contracts.booking import Availability
from shared.kernel.interval import GRANULE
from shared.kit.answers import answer, dumped
from tests.support.booking import HOLIDAYS, ROOM, FakeHouse, place
from tests.support.fake_bookings import FakeBookings


class Counted:
    """Bookings of a house, telling how often somebody looked."""

    def __init__(self, bookings: FakeBookings) -> None:
        self.bookings, self.looks = bookings, 0

    async def claimed(self, *where: Any) -> list[str]:
        self.looks += 1
        return await self.bookings.claimed(*where)


class Held:
    """Claims that are the same list until they are others."""

    def __init__(self) -> None:
        self.claims: list[str] = []

    async def claimed(self, *_: Any) -> list[str]:
        return self.claims


async def test_fifty_who_ask_for_one_day_at_once_are_answered_by_one_look_and_the_next_sees_what_came() -> None:
    house = FakeHouse(ROOM)
    seen, ground = Counted(house.bookings), house.ground
    queries = PlaceQueries(seen, ground.sites, ground.resources, HOLIDAYS, house.clock)  # type: ignore[arg-type] # fakes of the stores
    look, day = queries.shared(), Availability(site="nyc", from_=date(2026, 12, 15), to=date(2026, 12, 16))
    before = await asyncio.gather(*(look(day) for _ in range(50)))
    assert seen.looks == 1
    await place(house)
    after = dumped(answer(await look(day)))
    assert after == dumped(answer(await queries.availability(day)))
    assert {dumped(answer(each)) for each in before} != {after}


async def test_an_answer_is_written_once_for_as_long_as_nothing_it_is_made_of_changes() -> None:
    house = FakeHouse(replace(ROOM, opening_hours=None))
    held, ground = Held(), house.ground
    queries = PlaceQueries(held, ground.sites, ground.resources, HOLIDAYS, house.clock)  # type: ignore[arg-type] # fakes of the stores
    look, now_on = queries.shared(), Availability(site="nyc", from_=date(2026, 11, 1), to=date(2026, 12, 31))
    house.clock.at += timedelta(milliseconds=1)
    first = await look(now_on)
    house.clock.at += GRANULE - timedelta(milliseconds=1)
    assert await look(now_on) is first
    house.clock.at += timedelta(milliseconds=1)
    later = await look(now_on)
    assert dumped(answer(later)) == dumped(answer(await queries.availability(now_on))) != dumped(answer(first))
    held.claims = ["room-a|2026-12-15T19:00"]
    assert dumped(answer(await look(now_on))) != dumped(answer(later))
