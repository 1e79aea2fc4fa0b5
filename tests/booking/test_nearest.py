"""For each kind of no, the nearest that would pass: another time, another room, after a pool is full again."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.booking.domain.refusals import BookingRefused, SlotTaken
from shared.contracts.booking import CancelBooking
from shared.contracts.members import POLICY_ID, MembershipView
from tests.booking.test_alternatives import instead
from tests.support.booking import ROOM, ROOM_B, FakeHouse, asked, member, organization, place, table, to_place


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


def limited(house: FakeHouse, *limits: tuple[str, str, int], months: int = 6) -> None:
    given = [{"period": period, "scope": scope, "hours": hours} for period, scope, hours in limits]
    house.policies[POLICY_ID] = table({"months_ahead": months, "limits": given})


async def offers(house: FakeHouse, wall: str, minutes: int = 60, *, by: str = "ana", **more: Any) -> list[str]:
    """What would pass instead, nearest first: `room-a 2026-12-15 19:00-20:00`. Each is accepted."""
    wish = to_place(wall, minutes, **more)
    with pytest.raises((BookingRefused, SlotTaken)) as refused:
        await house.handle.place_booking(asked(wish, member(by), key="wish"))
    found: list[dict[str, Any]] = refused.value.members["alternatives"]
    for number, each in enumerate(found):
        stored = await house.handle.place_booking(asked(instead(wish, each), member(by), key=f"{wall}-{number}"))
        await house.handle.cancel_booking(asked(CancelBooking(id=stored.doc["_id"]), member(by)))
    return [f"{e['resource']} {e['local']['date']} {e['local']['start']}-{e['local']['end']}" for e in found]


async def test_what_a_week_has_no_hours_left_for_is_offered_when_it_has_them_again(house: FakeHouse) -> None:
    limited(house, ("week", "organization", 2))
    await place(house, "k1", wall="2026-12-14 10:00", minutes=120)
    assert await offers(house, "2026-12-15 19:00") == ["room-a 2026-12-21 09:00-10:00", "room-b 2026-12-21 09:00-10:00"]


async def test_what_a_day_has_too_few_hours_left_for_is_offered_shorter_and_whole_the_next_day(
    house: FakeHouse,
) -> None:
    limited(house, ("day", "person", 2))
    await place(house, "k1", wall="2026-12-15 10:00")
    found = await offers(house, "2026-12-15 14:00", minutes=120)
    assert "room-a 2026-12-15 14:00-15:00" in found
    assert "room-a 2026-12-16 09:00-11:00" in found


async def test_a_month_that_is_used_up_leads_into_the_next_one(house: FakeHouse) -> None:
    limited(house, ("month", "organization", 1))
    await place(house, "k1", wall="2026-12-14 10:00")
    assert (await offers(house, "2026-12-30 19:00"))[0] == "room-a 2027-01-04 09:00-10:00", "the first is a holiday"


async def test_what_is_too_far_ahead_is_offered_on_the_last_day_that_is_not(house: FakeHouse) -> None:
    limited(house, months=1)
    assert (await offers(house, "2027-02-10 19:00"))[0] == "room-a 2026-12-31 21:00-22:00", "1 January is a holiday"


async def test_what_lies_in_a_closed_weekend_is_offered_behind_it(house: FakeHouse) -> None:
    found = await offers(house, "2026-12-25 10:00")
    assert found[0] == "room-a 2026-12-28 09:00-10:00", "Christmas is a Friday"


async def test_what_lies_before_the_membership_is_offered_when_that_has_begun(house: FakeHouse) -> None:
    period = MembershipView(starts_on=date(2027, 1, 12), ends_on=date(2028, 3, 31))
    house.organizations["org-a"] = organization(membership=period)
    assert (await offers(house, "2026-12-15 19:00"))[0] == "room-a 2027-01-11 10:00-11:00", "midnight in Tokyo"


async def test_what_lies_behind_the_membership_is_offered_only_where_it_still_holds(house: FakeHouse) -> None:
    period = MembershipView(starts_on=date(2026, 4, 1), ends_on=date(2026, 12, 15))
    house.organizations["org-a"] = organization(membership=period)
    assert await offers(house, "2026-12-16 19:00") == []
    assert (await offers(house, "2026-12-15 09:30"))[0] == "room-a 2026-12-15 09:00-10:00", "it ends at 10:00 here"


async def test_more_people_than_a_room_holds_are_offered_a_larger_one(house: FakeHouse) -> None:
    found = await offers(house, "2026-12-15 19:00", resource="room-b", attendees=6)
    assert found[0] == "room-a 2026-12-15 19:00-20:00"
    assert {each.split()[0] for each in found} == {"room-a"}


async def test_a_room_whose_shortest_use_is_longer_than_what_is_left_is_not_offered() -> None:
    house = FakeHouse(ROOM, replace(ROOM_B, shortest_minutes=120))
    limited(house, ("week", "organization", 2))
    await place(house, "k1", wall="2026-12-15 19:00")
    found = await offers(house, "2026-12-15 19:00", by="ben")
    assert found
    assert not [each for each in found if each.startswith("room-b 2026-12-15")]


async def test_hours_of_two_weeks_are_not_taken_for_each_other(house: FakeHouse) -> None:
    """Of a wish over midnight, half of either week's; moved as a whole into one of them it would be too much."""
    room = replace(ROOM, opening_hours=None)
    house = FakeHouse(room)
    limited(house, ("week", "organization", 1))
    await place(house, "k1", wall="2026-12-21 00:30", minutes=30)
    found = await offers(house, "2026-12-20 23:30", minutes=60)
    assert found
    assert not [each for each in found if each.startswith("room-a 2026-12-21 0")], "half an hour is left there"


DESK = replace(ROOM, boundaries=("09:00", "13:00", "17:00", "22:00"))


async def test_hours_within_a_half_day_are_offered_that_half_day_here_and_at_the_other_desk() -> None:
    house = FakeHouse(DESK, replace(DESK, id="room-b"))
    found = await offers(house, "2026-12-15 09:00", minutes=180)
    assert set(found[:2]) == {"room-a 2026-12-15 09:00-13:00", "room-b 2026-12-15 09:00-13:00"}
    assert (await offers(house, "2026-12-15 17:30", minutes=120))[0] == "room-a 2026-12-15 17:00-22:00"


@pytest.mark.parametrize("longest", [480, 300])
async def test_a_whole_day_is_offered_as_the_half_day_that_may_be(longest: int) -> None:
    house = FakeHouse(replace(DESK, longest_minutes=longest))
    limited(house, ("day", "person", 5 if longest == 480 else 20))
    assert (await offers(house, "2026-12-15 09:00", minutes=480))[0] == "room-a 2026-12-15 09:00-13:00"


async def test_what_is_left_of_a_pool_or_the_longest_use_is_offered_in_whole_granules() -> None:
    house = FakeHouse(replace(ROOM, granule_minutes=60), ROOM_B)
    limited(house, ("day", "person", 3))
    await place(house, "k1", wall="2026-12-15 10:00", minutes=105, resource="room-b")
    assert (await offers(house, "2026-12-15 14:00", minutes=120))[0] == "room-a 2026-12-15 14:00-15:00"
    house = FakeHouse(replace(ROOM, granule_minutes=60, longest_minutes=90))
    assert (await offers(house, "2026-12-15 14:00", minutes=120))[0] == "room-a 2026-12-15 14:00-15:00"


async def test_the_shortest_use_is_offered_in_whole_granules_too() -> None:
    house = FakeHouse(replace(ROOM, granule_minutes=30, shortest_minutes=45))
    assert (await offers(house, "2026-12-15 14:00", minutes=30))[0] == "room-a 2026-12-15 14:00-15:00"
