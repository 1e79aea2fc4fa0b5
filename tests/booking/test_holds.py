"""Holds over fakes: two at a time, confirmed in time or gone, and never in anybody's way once they are over."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.refusals import BookingRefused, NotConfirmable, SlotTaken
from shared.contracts.booking import CancelBooking, ConfirmBooking
from shared.contracts.message import Principal
from shared.kit.documents import Stored
from tests.support.booking import NOW, FakeHouse, asked, member, organization, place, staff, to_place

LATE = NOW + timedelta(minutes=5)
WALLS = [f"2026-12-15 {hour}:00" for hour in (10, 12, 14, 16)]


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


async def hold(house: FakeHouse, key: str = "h1", by: Principal | None = None, **more: Any) -> Stored:
    return await house.handle.place_booking(asked(to_place(mode="hold", **more), by, key=key))


def codes(refused: BookingRefused) -> list[str]:
    return [violation["code"] for violation in refused.members["violations"]]


async def test_a_hold_is_confirmed_within_its_life_and_once(house: FakeHouse) -> None:
    first = (await hold(house)).doc
    assert (first["status"], first["expires_at"], first["due_at"], first["due_kind"]) == ("held", LATE, LATE, "expire")
    confirmed = await house.handle.confirm_booking(asked(ConfirmBooking(id=first["_id"])))
    again = await house.handle.confirm_booking(asked(ConfirmBooking(id=first["_id"])))
    assert (confirmed.doc["status"], confirmed.doc["version"], again.doc["version"]) == ("confirmed", 2, 2)
    assert not {"expires_at", "due_at", "due_kind"} & confirmed.doc.keys()
    await house.run_to(LATE)
    assert house.bookings.memory.docs[first["_id"]]["status"] == "confirmed"


async def test_a_hold_that_ran_out_is_gone_with_all_it_held_and_its_timer_finds_nothing_twice(house: FakeHouse) -> None:
    first = (await hold(house)).doc
    house.clock.at = LATE
    for _ in range(2):
        await house.timers.on_expire(first)
    doc = house.bookings.memory.docs[first["_id"]]
    assert (doc["status"], doc["version"], "claims" in doc, "due_at" in doc) == ("expired", 2, False, False)
    assert [entry["type"] for entry in doc["log"]] == ["booking.booking_placed.v1", "booking.booking_expired.v1"]
    assert doc["log"][1]["actor"] == "booking"
    with pytest.raises(NotConfirmable):
        await house.handle.confirm_booking(asked(ConfirmBooking(id=first["_id"])))


async def test_what_the_database_calls_due_is_due_though_our_clock_is_behind(house: FakeHouse) -> None:
    first = (await hold(house)).doc
    house.clock.at = LATE - timedelta(seconds=1)
    await house.timers.on_expire(first)
    assert house.bookings.memory.docs[first["_id"]]["status"] == "expired"


async def test_nobody_holds_more_than_two_places_not_even_at_once(house: FakeHouse) -> None:
    outcomes = await asyncio.gather(
        *(hold(house, f"h{n}", wall=wall) for n, wall in enumerate(WALLS)), return_exceptions=True
    )
    made = [each for each in outcomes if isinstance(each, Stored)]
    refused = [each for each in outcomes if isinstance(each, BookingRefused)]
    assert (len(made), len(refused)) == (2, 2)
    assert [codes(each) for each in refused] == [["too-many-holds"]] * 2
    assert refused[0].members["alternatives"] == []
    slots = {claim for each in made for claim in each.doc["claims"] if claim.startswith("hold|")}
    assert slots == {"hold|ana|1", "hold|ana|2"}
    await hold(house, "b1", member("ben"), wall="2026-12-15 18:00")


async def test_a_slot_is_free_again_once_a_hold_is_confirmed_given_up_or_over(house: FakeHouse) -> None:
    first, second = [(await hold(house, f"h{n}", wall=WALLS[n])).doc["_id"] for n in (0, 1)]
    await house.handle.confirm_booking(asked(ConfirmBooking(id=first)))
    await hold(house, "h2", wall=WALLS[2])
    await house.handle.cancel_booking(asked(CancelBooking(id=second)))
    await hold(house, "h3", wall=WALLS[3])
    house.clock.at = LATE
    await hold(house, "h4", wall=WALLS[1])
    statuses = [doc["status"] for doc in house.bookings.memory.docs.values()]
    assert sorted(statuses) == ["cancelled", "confirmed", "expired", "expired", "held"]


async def test_a_hold_keeps_others_out_while_it_lives_and_not_a_moment_longer(house: FakeHouse) -> None:
    first = (await hold(house)).doc["_id"]
    house.clock.at = LATE - timedelta(milliseconds=1)
    with pytest.raises(SlotTaken) as refused:
        await place(house, by=member("ben"))
    assert [set(each) for each in refused.value.members["conflicts"]] == [{"resource", "starts_at", "ends_at"}]
    house.clock.at = LATE
    taken = await place(house, by=member("ben"))
    assert taken.doc["status"] == "confirmed"
    assert house.bookings.memory.docs[first]["status"] == "expired"
    entry = house.bookings.memory.docs[first]["log"][-1]
    assert (entry["actor"], entry["correlationid"]) == ("booking", "corr-1")


async def test_hours_reserved_by_a_hold_that_is_over_are_found_before_a_quota_is_called_exceeded(
    house: FakeHouse,
) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    await hold(house, minutes=300, wall="2026-12-15 10:00")
    with pytest.raises(BookingRefused) as refused:
        await place(house, by=member("ben"), wall="2026-12-16 10:00")
    assert codes(refused.value) == ["quota-exceeded"]
    house.clock.at = LATE
    assert (await place(house, by=member("ben"), wall="2026-12-16 10:00")).doc["status"] == "confirmed"


async def test_of_many_who_meet_a_hold_that_is_over_one_gets_the_place(house: FakeHouse) -> None:
    await hold(house)
    house.clock.at = LATE
    house.members |= {f"s{n}": house.members["stan"].model_copy(update={"id": f"s{n}"}) for n in range(30)}
    outcomes = await asyncio.gather(*(place(house, f"k{n}", staff(f"s{n}")) for n in range(30)), return_exceptions=True)
    assert sum(isinstance(each, Stored) for each in outcomes) == 1
    assert sum(isinstance(each, SlotTaken) for each in outcomes) == 29
