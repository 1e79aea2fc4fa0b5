"""Provisional bookings (仮予約) and approval over fakes: who decides until when, and what the one refused is told."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.refusals import BookingRefused, NotApprovable, NotRejectable, SlotTaken
from shared.contracts.booking import ApproveBooking, CancelBooking, ConfirmBooking, RejectBooking
from shared.contracts.message import Principal
from shared.kernel.refusal import Forbidden, NotFound
from shared.kit.documents import Stored
from tests.support.booking import (
    NOW,
    ROOM,
    ROOM_B,
    FakeHouse,
    asked,
    member,
    member_state,
    ny,
    organization,
    staff,
    to_place,
)

FAR = timedelta(days=40)
CAROL = member("carol", "org-c")


@pytest.fixture
def house() -> FakeHouse:
    made = FakeHouse()
    made.members["carol"] = member_state("carol", "org-c")
    made.organizations["org-c"] = organization("org-c")
    return made


async def place(house: FakeHouse, key: str = "p1", by: Principal | None = None, **more: Any) -> Stored:
    ask = asked(to_place(**more), by, key=key, deadline=NOW + FAR)
    return await house.handle.place_booking(ask)


async def refused(house: FakeHouse, key: str, by: Principal = CAROL, **more: Any) -> SlotTaken:
    with pytest.raises(SlotTaken) as no:
        await place(house, key, by, **more)
    return no.value


def doc_of(house: FakeHouse, stored: Stored) -> dict[str, Any]:
    return house.bookings.memory.docs[stored.doc["_id"]]


async def test_a_month_of_a_provisional_booking_nobody_confirms(house: FakeHouse) -> None:
    made = await place(house, mode="provisional", wall="2027-01-15 19:00")
    assert (made.doc["status"], made.doc["expires_at"]) == ("provisional", ny("2026-12-08 10:00"))
    await house.run_to(ny("2026-12-06 09:59"))
    assert house.said(made.doc["_id"]) == ["placed"]
    await house.run_to(ny("2026-12-06 10:00"))
    assert house.said(made.doc["_id"]) == ["placed", "reminded"]
    await house.run_to(ny("2027-01-01 10:00"))
    assert house.said(made.doc["_id"]) == ["placed", "reminded", "expired"]
    log = doc_of(house, made)["log"]
    assert [entry["time"] for entry in log[1:]] == [ny("2026-12-06 10:00"), ny("2026-12-08 10:00")]
    assert doc_of(house, made)["status"] == "expired"
    assert "claims" not in doc_of(house, made)


async def test_a_provisional_booking_that_is_confirmed_stays(house: FakeHouse) -> None:
    made = await place(house, mode="provisional")
    await house.run_to(ny("2026-12-07 10:00"))
    await house.handle.confirm_booking(asked(ConfirmBooking(id=made.doc["_id"]), deadline=NOW + FAR))
    await house.run_to(ny("2026-12-30 10:00"))
    assert house.said(made.doc["_id"]) == ["placed", "reminded", "confirmed"]
    assert doc_of(house, made)["status"] == "confirmed"


async def test_who_is_refused_by_a_provisional_booking_makes_its_holder_decide_within_a_day(house: FakeHouse) -> None:
    made = await place(house, mode="provisional")
    house.clock.at = NOW + timedelta(days=1)
    no = await refused(house, "c1")
    (conflict,) = no.members["conflicts"]
    assert conflict["provisional_until"] == "2026-12-03T10:00:00-05:00"
    assert "2026-12-03 10:00" in (no.text.ja or "")
    assert "2026-12-03 10:00 (America/New_York)" in (no.text.en or "")
    assert house.said(made.doc["_id"]) == ["placed", "challenged"]
    entry = doc_of(house, made)["log"][-1]
    assert entry["actor"] == "booking"
    assert "carol" not in str(doc_of(house, made))
    house.clock.at += timedelta(hours=5)
    again = await refused(house, "c2", member("ben"))
    assert again.members["conflicts"][0]["provisional_until"] == "2026-12-03T10:00:00-05:00"
    assert doc_of(house, made)["version"] == 2
    await house.run_to(ny("2026-12-03 10:00"))
    assert doc_of(house, made)["status"] == "expired"
    assert (await place(house, "c3", CAROL)).doc["status"] == "confirmed"


async def test_of_many_who_ask_at_once_one_challenge_is_written_and_all_hear_the_same(house: FakeHouse) -> None:
    made = await place(house, mode="provisional")
    house.members |= {f"s{n}": member_state(f"s{n}", "staff") for n in range(40)}
    answers = await asyncio.gather(*(refused(house, f"k{n}", staff(f"s{n}")) for n in range(40)))
    assert {each.members["conflicts"][0]["provisional_until"] for each in answers} == {"2026-12-02T10:00:00-05:00"}
    assert house.said(made.doc["_id"]) == ["placed", "challenged"]


async def test_only_a_wish_that_would_else_be_granted_challenges(house: FakeHouse) -> None:
    made = await place(house, mode="provisional", wall="2026-12-15 19:00")
    await place(house, "p2", wall="2026-12-15 16:00", minutes=120)
    await refused(house, "c1", wall="2026-12-15 17:00", minutes=180)  # a confirmed booking is in the way as well
    with pytest.raises(BookingRefused):
        await place(house, "c2", CAROL, attendees=30)
    own = await refused(house, "p3", member("ana"))
    assert own.members["conflicts"][0]["provisional_until"] == "2026-12-08T10:00:00-05:00"
    assert house.said(made.doc["_id"]) == ["placed"]


async def test_confirmed_bookings_in_the_way_are_told_without_any_deadline(house: FakeHouse) -> None:
    await place(house)
    no = await refused(house, "c1")
    assert set(no.members["conflicts"][0]) == {"resource", "starts_at", "ends_at"}
    assert no.text == SlotTaken.message


async def test_staff_of_the_site_approve_or_reject_and_nobody_else(house: FakeHouse) -> None:
    house.resources["room-a"] = replace(ROOM, needs_approval=True)
    first, second = [await place(house, f"p{n}", wall=f"2026-12-1{n} 10:00") for n in (4, 5)]
    assert first.doc["status"] == "pending"
    to_approve = ApproveBooking(id=first.doc["_id"], reason="Welcome")
    to_reject = RejectBooking(id=second.doc["_id"], reason="Inspection")
    with pytest.raises(Forbidden):
        await house.handle.approve_booking(asked(to_approve))
    with pytest.raises(Forbidden):
        await house.handle.reject_booking(asked(to_reject))
    for stranger in (CAROL, staff("sato", "tokyo")):
        with pytest.raises(NotFound):
            await house.handle.approve_booking(asked(to_approve, stranger))
    approved = await house.handle.approve_booking(asked(to_approve, staff()))
    rejected = await house.handle.reject_booking(asked(to_reject, staff()))
    assert (approved.doc["status"], approved.doc["reason"]) == ("confirmed", "Welcome")
    assert (rejected.doc["status"], rejected.doc["reason"], "claims" in rejected.doc) == (
        "cancelled",
        "Inspection",
        False,
    )
    assert (await house.handle.approve_booking(asked(to_approve, staff()))).doc["version"] == 2
    with pytest.raises(NotRejectable):
        await house.handle.reject_booking(asked(RejectBooking(id=first.doc["_id"]), staff()))
    with pytest.raises(NotApprovable):
        await house.handle.approve_booking(asked(ApproveBooking(id=second.doc["_id"]), staff()))


async def test_a_hold_where_approval_is_needed_waits_for_it_once_confirmed_and_ends_undecided(house: FakeHouse) -> None:
    house.resources["room-b"] = replace(ROOM_B, needs_approval=True)
    made = await place(house, mode="hold", resource="room-b", wall="2026-12-03 09:00")
    waiting = await house.handle.confirm_booking(asked(ConfirmBooking(id=made.doc["_id"])))
    assert (waiting.doc["status"], waiting.doc["expires_at"]) == ("pending", ny("2026-12-03 09:00"))
    assert not [claim for claim in waiting.doc["claims"] if claim.startswith("hold|")]
    await house.run_to(ny("2026-12-03 09:00"))
    assert house.said(made.doc["_id"]) == ["placed", "submitted", "expired"]


async def test_staff_who_cancel_late_give_the_hours_back_and_their_owner_does_not(house: FakeHouse) -> None:
    house.resources["room-a"] = replace(ROOM, cancel_cutoff_minutes=24 * 60)
    first, second = [await place(house, f"p{n}", wall=f"2026-12-0{n} 09:00") for n in (2, 3)]
    own = await house.handle.cancel_booking(asked(CancelBooking(id=first.doc["_id"])))
    assert {claim.split("|")[0] for claim in own.doc["claims"]} == {"quota"}
    house.clock.at = ny("2026-12-02 12:00")
    late = asked(CancelBooking(id=second.doc["_id"], reason="Inspection"), staff(), deadline=NOW + FAR)
    by_house = await house.handle.cancel_booking(late)
    assert ("claims" in by_house.doc, by_house.doc["reason"]) == (False, "Inspection")
    assert by_house.doc["log"][-1]["data"]["debit_kept"] is False
