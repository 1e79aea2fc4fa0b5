"""Checking in and out through the handlers: who may, what the clock did before, and who gets what fell free."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.refusals import CheckInClosed, SlotTaken
from services.booking.domain.resource import Door
from services.booking.store.mapping import booking_of, resource_body, resource_of
from shared.contracts.booking import CheckInBooking, CheckOutBooking
from shared.contracts.message import Principal
from shared.kernel.refusal import NotFound, Refusal, VersionStale
from shared.kit.documents import Stored
from tests.support.booking import (
    NEW_YORK,
    ROOM,
    ROOM_B,
    FakeHouse,
    asked,
    member,
    member_state,
    ny,
    place,
    quota_of,
    staff,
    to_place,
)

DOOR = replace(ROOM, check_in=Door())
FAR = ny("2027-01-01 00:00")


def evening(wall: str) -> datetime:
    return ny(f"2026-12-15 {wall}")


@pytest.fixture
async def house() -> FakeHouse:
    """Ana has room A from 19:00 to 20:00; it is 18:50."""
    made = FakeHouse(DOOR, replace(ROOM_B, check_in=Door()))
    await place(made)
    made.clock.at = evening("18:50")
    return made


def booking(house: FakeHouse) -> str:
    return next(iter(house.bookings.memory.docs))


async def come(house: FakeHouse, by: Principal | None = None, **more: Any) -> Stored:
    ask = asked(CheckInBooking(id=booking(house)), by, deadline=FAR, **more)
    return await house.attendance.check_in_booking(ask)


async def book(house: FakeHouse, key: str, minutes: int, **more: Any) -> Stored:
    """Ben wants what ends at 20:00."""
    wall = (evening("20:00") - timedelta(minutes=minutes)).astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M")
    wish = to_place(wall, minutes, **more)
    return await house.handle.place_booking(asked(wish, member("ben"), key=key, deadline=FAR))


async def leave(house: FakeHouse, by: Principal | None = None, **more: Any) -> Stored:
    ask = asked(CheckOutBooking(id=booking(house)), by, deadline=FAR, **more)
    return await house.attendance.check_out_booking(ask)


async def test_its_people_and_the_staff_of_the_site_check_in_and_to_others_it_is_not_there(house: FakeHouse) -> None:
    for stranger in (member("ben"), staff("tara", site="tokyo")):
        with pytest.raises(NotFound):
            await come(house, stranger)
        with pytest.raises(NotFound):
            await leave(house, stranger)
    assert (await come(house, staff())).doc["status"] == "checked_in"
    once = await come(house)
    assert (once.doc["version"], house.said(booking(house))) == (2, ["placed", "checked"])


async def test_a_repeated_step_answers_the_same_state_and_a_stale_version_is_told(house: FakeHouse) -> None:
    with pytest.raises(VersionStale):
        await come(house, if_match=7)
    await come(house, key="in", if_match=1)
    house.clock.at = evening("19:20")
    out = await leave(house, key="out")
    assert (out.doc["status"], out.doc["version"]) == ("completed", 3)
    assert (await leave(house)).doc["version"] == 3
    again = await come(house, key="in", if_match=1)
    assert (again.replay, again.doc["status"]) == (True, "completed")


async def test_who_leaves_gives_place_and_hours_to_whoever_wants_them(house: FakeHouse) -> None:
    await come(house)
    house.clock.at = evening("19:20")
    out = await leave(house)
    assert len(quota_of(out.doc)) == 2
    taken = await book(house, "ben", 15)
    assert taken.doc["status"] == "confirmed"


@pytest.mark.parametrize("who", ["whom it is for", "who assists them", "staff"])
async def test_who_leaves_before_it_began_after_the_cut_off_gives_the_time_back_and_the_hours_only_by_staff(
    who: str,
) -> None:
    house = FakeHouse(replace(DOOR, cancel_cutoff_minutes=60), replace(ROOM_B, check_in=Door()))
    house.members["ana"] = member_state("ana", "org-a", assistants=("ben",))
    await place(house)
    house.clock.at = evening("18:50")
    await come(house)
    by = {"whom it is for": member(), "who assists them": member("ben"), "staff": staff()}[who]
    gone = await leave(house, by)
    assert (gone.doc["status"], len(of_quota(gone.doc.get("claims", ())))) == ("completed", 0 if who == "staff" else 4)
    assert (await book(house, "ben", 60)).doc["status"] == "checked_in", "the room is free again"


async def test_the_clock_cuts_a_no_show_and_others_may_have_the_rest(house: FakeHouse) -> None:
    await house.run_to(evening("19:10"))
    doc = house.bookings.memory.docs[booking(house)]
    assert (doc["status"], doc["ends_at"], len(quota_of(doc))) == ("no_show", evening("19:10"), 4)
    assert "due_at" not in doc
    said = doc["log"][-1]["data"]
    assert (said["booked_until"], said["freed"]) == (
        "2026-12-16T01:00:00Z",
        {"starts_at": "2026-12-16T00:15:00Z", "ends_at": "2026-12-16T01:15:00Z"},
    )
    taken = await book(house, "ben", 45)
    assert taken.doc["status"] == "checked_in", "made so close to its start that Ben is there"
    with pytest.raises(SlotTaken) as refused:
        await come(house)
    assert [each["starts_at"] for each in refused.value.members["conflicts"]] == ["2026-12-15T19:15:00-05:00"]
    assert refused.value.members["alternatives"] == []
    assert house.bookings.memory.docs[booking(house)]["status"] == "no_show"


async def test_who_comes_late_has_it_again_whether_or_not_a_replica_was_there_to_cut_it(house: FakeHouse) -> None:
    house.clock.at = evening("19:32")
    back = (await come(house)).doc
    assert house.said(back["_id"]) == ["placed", "no", "checked"]
    assert [each["actor"] for each in back["log"]] == ["ana", "booking", "ana"]
    assert (back["ends_at"], len(quota_of(back))) == (evening("20:00"), 4)
    await house.run_to(evening("20:00"))
    assert house.bookings.memory.docs[back["_id"]]["status"] == "completed"


async def test_who_comes_when_all_is_over_is_a_no_show_and_told_so(house: FakeHouse) -> None:
    house.clock.at = evening("20:00")
    with pytest.raises(CheckInClosed):
        await come(house)
    assert house.bookings.memory.docs[booking(house)]["status"] == "no_show"


async def test_who_comes_late_takes_it_from_a_hold_that_is_over(house: FakeHouse) -> None:
    await house.run_to(evening("19:10"))
    await book(house, "ben", 45, mode="hold")
    house.clock.at = evening("19:15")  # the hold is over; no ticker has run
    assert (await come(house)).doc["status"] == "checked_in"


@pytest.mark.parametrize("first", ["late", "new"])
async def test_of_two_late_arrivals_and_others_who_want_it_one_gets_it(house: FakeHouse, first: str) -> None:
    await house.run_to(evening("19:10"))

    async def one(work: Any) -> Stored | Refusal:
        try:
            stored: Stored = await work
        except Refusal as refusal:
            return refusal
        return stored

    late = [come(house, by) for by in (member(), staff())]
    new = [book(house, f"k-{n}", 45) for n in range(3)]
    outcomes = await asyncio.gather(*map(one, [*late, *new] if first == "late" else [*new, *late]))
    holders = {each.doc["_id"] for each in outcomes if isinstance(each, Stored)}
    assert len(holders) == 1
    assert {each.code for each in outcomes if isinstance(each, Refusal)} == {"slot-taken"}
    claims = [claim for doc in house.bookings.memory.docs.values() for claim in doc.get("claims", ())]
    assert len(of_place(claims)) == len(set(of_place(claims)))


async def test_a_document_from_before_there_was_checking_in_asks_nobody_to(house: FakeHouse) -> None:
    doc = house.bookings.memory.docs[booking(house)]
    older = {name: value for name, value in doc.items() if not name.startswith("check_in")}
    assert (booking_of(older).due, booking_of(older).check_in_until) == (None, None)
    body = {**resource_body(DOOR), "_id": "x", "site": "nyc", "version": 1}
    assert resource_of(body).check_in == Door()
    del body["check_in"]
    assert resource_of(body).check_in is None


async def test_the_end_is_recorded_once_however_often_its_timer_strikes(house: FakeHouse) -> None:
    await come(house)
    await house.run_to(evening("20:00") + timedelta(minutes=1))
    doc = house.bookings.memory.docs[booking(house)]
    for strike in (house.timers.on_complete, house.timers.on_no_show):
        await strike({**doc, "due_at": evening("20:00")})
    assert house.said(booking(house)) == ["placed", "checked", "completed"]
