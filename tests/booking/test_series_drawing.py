"""What one time of a series holds of a pool another of its times never gets, however wrong what is remembered is."""

from random import Random
from typing import Any

import pytest

from services.booking.domain.claims import of_quota
from services.booking.domain.series_aiming import SeriesMove
from services.booking.domain.series_moving import Grounds, change
from services.booking.domain.series_settling import Scope, Which
from services.booking.store.series_mapping import series_of
from shared.contracts.booking import ChangeBooking, ChangeSeries
from tests.booking.test_series import FAR, repeat
from tests.support.booking import NOW, ROOM, FakeHouse, asked, ny, organization, under

POOL = "quota|org-a|weekly-hours|2026-W51|"
DAYS: dict[str, Any] = {"recurrence": "FREQ=DAILY;COUNT=4", "wall": "2026-12-14 10:00"}
"""Sixteen of a week's twenty units."""


@pytest.fixture
def house() -> FakeHouse:
    house = FakeHouse()
    house.organizations["org-a"] = organization(kind="special_member_c")
    return house


@pytest.mark.parametrize("seed", range(5))
async def test_units_that_stay_with_another_of_its_times_are_not_free_though_remembered_so(
    house: FakeHouse, seed: int
) -> None:
    series = series_of((await repeat(house, **DAYS)).doc)
    to = SeriesMove(Which(Scope.ONE, 3), end=ny("2026-12-17 12:00"))
    now = Grounds({"room-a": under(ROOM)}, {POOL: frozenset(range(20))})
    drawn = of_quota(change(series, to, now, at=NOW, chance=Random(seed)).state.claims)
    assert len(drawn) == len(set(drawn)) == 20


@pytest.mark.parametrize("as_booking", [True, False])
async def test_what_this_replica_remembers_wrongly_costs_another_try_and_no_refusal(
    house: FakeHouse, *, as_booking: bool
) -> None:
    doc = (await repeat(house, **DAYS)).doc
    remembered = house.units._pools.peek(("nyc", POOL))
    assert remembered is not None
    remembered.clear()
    end = ny("2026-12-17 12:00")
    if as_booking:
        by_itself = ChangeBooking(id=f"{doc['_id']}-3", ends_at=end)
        await house.moving.change_booking(asked(by_itself, deadline=FAR, if_match=1))
    else:
        wish = ChangeSeries(id=doc["_id"], scope="one", index=3, ends_at=end)
        await house.reshape.change_series(asked(wish, deadline=FAR, if_match=1))
    drawn = of_quota(house.bookings.memory.docs[doc["_id"]]["claims"])
    assert len(drawn) == len(set(drawn)) == 20
