"""Availability many ask for at once: one look, and never older than the question."""

import asyncio
from datetime import date
from typing import Any

from services.booking.queries.places import PlaceQueries
from shared.contracts.booking import Availability
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
