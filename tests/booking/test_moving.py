"""Changing a booking over fakes: through the same claims, never into anybody's way, once for each key."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.refusals import BookingRefused, IntervalInvalid, SlotTaken, TooLate
from shared.contracts.booking import CancelBooking, ChangeBooking
from shared.contracts.message import Principal
from shared.kernel.refusal import KeyReused, NotFound, NotYetKnown, VersionStale
from shared.kit.documents import Stored
from tests.support.booking import (
    NOW,
    ROOM,
    ROOM_B,
    FakeHouse,
    asked,
    member,
    ny,
    organization,
    place,
    span,
    staff,
    to_place,
)

EVENING = "2026-12-15 19:00"


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


async def change(
    house: FakeHouse,
    stored: Stored,
    by: Principal | None = None,
    *,
    key: str | None = None,
    if_match: int | None = 1,
    **what: Any,
) -> Stored:
    deadline = NOW + timedelta(days=60)
    ask = asked(ChangeBooking(id=stored.doc["_id"], **what), by, key=key, if_match=if_match, deadline=deadline)
    return await house.moving.change_booking(ask)


def to(wall: str, minutes: int = 60) -> dict[str, Any]:
    interval = span(wall, minutes)
    return {"starts_at": interval.start, "ends_at": interval.end}


async def test_a_booking_moves_onto_a_range_that_overlaps_itself_and_frees_what_it_left(house: FakeHouse) -> None:
    made = await place(house)
    after = await change(house, made, **to("2026-12-15 19:30"), purpose="Pitch")
    assert (after.doc["version"], after.doc["local"]["start"], after.doc["purpose"]) == (2, "19:30", "Pitch")
    assert house.said(made.doc["_id"]) == ["placed", "moved"]
    said = after.doc["log"][-1]["data"]
    assert (said["starts_at"], said["before"]["starts_at"]) == ("2026-12-16T00:30:00Z", "2026-12-16T00:00:00Z")
    assert (await place(house, "p2", member("ben"), wall="2026-12-15 18:15", minutes=60)).doc["status"] == "confirmed"


async def test_only_what_is_named_changes(house: FakeHouse) -> None:
    made = await place(house, purpose="Pitch", attendees=4)
    longer = await change(house, made, ends_at=ny("2026-12-15 20:30"))
    assert (longer.doc["local"]["start"], longer.doc["local"]["end"]) == ("19:00", "20:30")
    assert (longer.doc["purpose"], longer.doc["attendees"]) == ("Pitch", 4)
    elsewhere = await change(house, made, resource="room-b", if_match=2)
    assert (elsewhere.doc["resource"], elsewhere.doc["local"]["end"]) == ("room-b", "20:30")
    without = await change(house, made, purpose="", if_match=3)
    assert (without.doc["purpose"], without.doc["attendees"]) == (None, 4)
    assert house.said(made.doc["_id"]) == ["placed", "moved", "moved", "changed"]
    same = await change(house, made, resource="room-b", attendees=4, if_match=4)
    assert same.doc["version"] == 4
    with pytest.raises(IntervalInvalid):
        await change(house, made, ends_at=ny(EVENING), if_match=4)


async def test_where_somebody_else_is_it_does_not_move_and_stays_whole(house: FakeHouse) -> None:
    made = await place(house)
    await place(house, "p2", member("ben"), wall="2026-12-15 20:15")
    with pytest.raises(SlotTaken) as refused:
        await change(house, made, **to("2026-12-15 19:30"))
    (conflict,) = refused.value.members["conflicts"]
    assert conflict["starts_at"] == "2026-12-15T20:15:00-05:00"
    assert refused.value.members["alternatives"]
    doc = house.bookings.memory.docs[made.doc["_id"]]
    assert (doc["version"], doc["local"]["start"]) == (1, "19:00")


async def test_an_alternative_offered_for_a_move_is_accepted(house: FakeHouse) -> None:
    made = await place(house)
    await place(house, "p2", member("ben"), wall="2026-12-15 20:15")
    with pytest.raises(SlotTaken) as refused:
        await change(house, made, **to("2026-12-15 20:00"))
    for version, offer in enumerate(refused.value.members["alternatives"], start=1):
        what = {name: offer[name] for name in ("resource", "starts_at", "ends_at")}
        asking = ChangeBooking.model_validate({"id": made.doc["_id"], **what}, strict=False)
        moved = await house.moving.change_booking(asked(asking, if_match=version))
        assert moved.doc["resource"] == offer["resource"]


async def test_a_running_booking_is_extended_where_it_is_free_else_nothing_else_is_offered(house: FakeHouse) -> None:
    made = await place(house)
    house.clock.at = ny("2026-12-15 19:20")
    longer = await change(house, made, ends_at=ny("2026-12-15 20:30"))
    assert longer.doc["local"]["end"] == "20:30"
    with pytest.raises(TooLate):
        await change(house, made, starts_at=ny("2026-12-15 19:30"), if_match=2)
    deadline = NOW + timedelta(days=60)
    next_one = asked(to_place("2026-12-15 20:45"), member("ben"), key="b1", deadline=deadline)
    await house.handle.place_booking(next_one)
    with pytest.raises(SlotTaken) as refused:
        await change(house, made, ends_at=ny("2026-12-15 21:00"), if_match=2)
    assert refused.value.members["alternatives"] == []


async def test_leaving_early_frees_room_and_hours_at_once(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    made = await place(house, minutes=300, wall="2026-12-15 15:00")
    house.clock.at = ny("2026-12-15 16:00")
    left = await change(house, made, ends_at=ny("2026-12-15 15:30"))  # has passed, so: now
    assert left.doc["local"]["end"] == "16:00"
    deadline = NOW + timedelta(days=60)
    again = asked(to_place("2026-12-15 16:15", 240), member("ben"), key="b1", deadline=deadline)
    assert (await house.handle.place_booking(again)).doc["status"] == "confirmed"


async def test_a_stale_version_is_refused_and_any_version_wins_over_a_race(house: FakeHouse) -> None:
    made = await place(house)
    with pytest.raises(VersionStale):
        await change(house, made, attendees=3, if_match=7)
    outcomes = await asyncio.gather(
        *(change(house, made, attendees=n, if_match=None) for n in range(2, 8)), return_exceptions=True
    )
    assert all(isinstance(each, Stored) for each in outcomes)
    assert house.bookings.memory.docs[made.doc["_id"]]["version"] == 7


async def test_of_many_who_change_the_same_version_one_does(house: FakeHouse) -> None:
    made = await place(house)
    walls = [f"2026-12-{day} 10:00" for day in (14, 15, 16, 17)]
    outcomes = await asyncio.gather(*(change(house, made, **to(wall)) for wall in walls), return_exceptions=True)
    assert sum(isinstance(each, Stored) for each in outcomes) == 1
    assert sum(isinstance(each, VersionStale) for each in outcomes) == 3


async def test_the_same_key_again_answers_the_state_though_its_rules_or_its_version_would_refuse_by_now(
    house: FakeHouse,
) -> None:
    made = await place(house)
    await change(house, made, key="c1", **to("2026-12-14 10:00"))
    await change(house, made, key="c2", if_match=2, **to("2026-12-16 10:00"))
    house.clock.at = ny("2026-12-14 12:00")
    again = await change(house, made, key="c1", **to("2026-12-14 10:00"))
    assert (again.replay, again.doc["version"], again.doc["local"]["date"]) == (True, 3, "2026-12-16")
    with pytest.raises(KeyReused):
        await change(house, made, key="c1", **to("2026-12-17 10:00"))


async def test_a_retried_change_answers_its_own_success_whatever_was_changed_since(house: FakeHouse) -> None:
    made = await place(house, minutes=60)
    await change(house, made, key="c1", ends_at=ny("2026-12-15 20:30"))
    await change(house, made, key="c2", if_match=2, **to("2026-12-16 10:00"))
    again = await change(house, made, key="c1", ends_at=ny("2026-12-15 20:30"))  # by now before its start
    assert (again.replay, again.doc["version"]) == (True, 3)
    with pytest.raises(KeyReused):
        await change(house, made, key="c1", ends_at=ny("2026-12-15 19:00"))
    with pytest.raises(IntervalInvalid):
        await change(house, made, key="c3", if_match=3, ends_at=ny("2026-12-15 20:30"))
    await change(house, made, key="c3", if_match=3, **to("2026-12-17 10:00"))
    house.organizations.pop("org-a")  # nothing is known of it yet
    assert (await change(house, made, key="c2", if_match=2, **to("2026-12-16 10:00"))).replay
    with pytest.raises(NotYetKnown):
        await change(house, made, key="c4", if_match=4, **to("2026-12-16 10:00"))


async def test_a_version_of_nothing_is_a_version_too(house: FakeHouse) -> None:
    made = await place(house)
    with pytest.raises(VersionStale):
        await change(house, made, if_match=0, attendees=3)


async def test_more_people_than_the_room_holds_are_offered_the_one_that_holds_them(house: FakeHouse) -> None:
    both = replace(ROOM, id="room-ab", capacity=12, parts=("room-a", "room-b"))
    house = FakeHouse(ROOM, ROOM_B, both)
    made = await place(house, attendees=4)
    with pytest.raises(BookingRefused) as refused:
        await change(house, made, attendees=10)
    assert [no["code"] for no in refused.value.members["violations"]] == ["too-many-attendees"]
    offered = refused.value.members["alternatives"][0]
    assert (offered["resource"], offered["starts_at"]) == ("room-ab", "2026-12-15T19:00:00-05:00")
    moved = await change(house, made, attendees=10, resource="room-ab")
    assert (moved.doc["resource"], moved.doc["attendees"]) == ("room-ab", 10)
    house.clock.at = ny("2026-12-15 19:10")
    with pytest.raises(BookingRefused) as running:
        await change(house, made, attendees=20, if_match=2)
    assert running.value.members["alternatives"] == []


async def test_a_refused_move_burns_no_key_and_draws_no_hours(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    made = await place(house, minutes=180, wall="2026-12-15 10:00")
    with pytest.raises(BookingRefused) as refused:
        await change(house, made, key="c1", ends_at=ny("2026-12-15 15:15"))
    (violation,) = refused.value.members["violations"]
    assert (violation["code"], violation["used"], violation["requested"]) == ("quota-exceeded", 0, 5.25)
    longer = await change(house, made, key="c1", ends_at=ny("2026-12-15 15:00"))
    assert not longer.replay
    assert len([claim for claim in longer.doc["claims"] if claim.startswith("quota|")]) == 20


async def test_hours_that_a_move_drew_are_not_offered_to_the_next(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    made = await place(house, minutes=60, wall="2026-12-15 10:00")
    await change(house, made, ends_at=ny("2026-12-15 13:45"))
    await house.handle.place_booking(asked(to_place("2026-12-16 10:00"), staff(), key="s1"))
    with pytest.raises(BookingRefused) as refused:
        await place(house, "p2", member("ben"), wall="2026-12-16 10:00", minutes=90)
    codes = [each["code"] for each in refused.value.members["violations"]]
    assert codes == ["quota-exceeded", "slot-taken"]


async def test_two_who_swap_rooms_at_once_never_share_one(house: FakeHouse) -> None:
    first, second = await place(house), await place(house, "p2", member("ben"), resource="room-b")
    await asyncio.gather(
        change(house, first, resource="room-b"),
        change(house, second, member("ben"), resource="room-a"),
        return_exceptions=True,
    )
    claims = [claim for doc in house.bookings.memory.docs.values() for claim in doc["claims"]]
    assert len(claims) == len(set(claims))


async def test_only_its_people_and_staff_change_a_booking_and_it_is_judged_by_its_own_organization(
    house: FakeHouse,
) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    made = await place(house, minutes=240, wall="2026-12-15 10:00")
    with pytest.raises(NotFound):
        await change(house, made, member("ben"), **to("2026-12-16 10:00"))
    with pytest.raises(NotFound):
        await change(house, made, resource="room-z")
    with pytest.raises(BookingRefused):
        await change(house, made, staff(), **to("2026-12-16 10:00", 360))
    by_staff = await change(house, made, staff(), **to("2026-12-16 10:00", 240))
    assert (by_staff.doc["log"][-1]["actor"], by_staff.doc["organization"]) == ("stan", "org-a")


async def test_a_refused_move_challenges_a_provisional_booking_like_any_wish(house: FakeHouse) -> None:
    held = await place(house, mode="provisional")
    made = await place(house, "p2", member("ben"), wall="2026-12-15 10:00")
    with pytest.raises(SlotTaken) as refused:
        await change(house, made, member("ben"), **to(EVENING))
    assert refused.value.members["conflicts"][0]["provisional_until"] == "2026-12-02T10:00:00-05:00"
    assert house.said(held.doc["_id"]) == ["placed", "challenged"]


async def test_what_was_cancelled_is_not_moved(house: FakeHouse) -> None:
    made = await place(house)
    await house.handle.cancel_booking(asked(CancelBooking(id=made.doc["_id"])))
    for what in (to("2026-12-16 10:00"), {"purpose": "Pitch"}):
        with pytest.raises(Exception, match="not-changeable"):
            await change(house, made, if_match=2, **what)
