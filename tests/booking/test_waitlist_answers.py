"""The waiting list over fakes: joining, answering, leaving, each once and by whom it may be."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.refusals import BookingRefused, KeyRequired, StartsInThePast
from services.booking.domain.waiting_refusals import (
    AlreadyWaiting,
    NoSuchKind,
    NotOffered,
    OfferAccepted,
    OfferOver,
    WaitingForTooMuch,
)
from shared.contracts.booking import (
    AcceptOffer,
    CancelBooking,
    ConfirmBooking,
    DeclineOffer,
    JoinWaitlist,
    LeaveWaitlist,
)
from shared.kernel.refusal import NotFound, VersionStale
from shared.kit.documents import Cause, Stored
from tests.support.booking import NOW, member, member_state, ny, organization, place
from tests.support.waitlist import (
    STAN,
    WALL,
    WaitingHouse,
    accept,
    answer,
    ask,
    decline,
    freed,
    held,
    leave,
    reasons,
    taken,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def house() -> WaitingHouse:
    return WaitingHouse()


async def test_accepting_too_late_is_gone_and_anothers_is_not_there(house: WaitingHouse) -> None:
    first = await house.wait("ana")
    for said in (AcceptOffer, DeclineOffer, LeaveWaitlist):
        with pytest.raises(NotFound):
            await answer(house, said(id=first.doc["_id"]), member("ben"))
    house.clock.at = NOW + 2 * HOUR
    with pytest.raises(OfferOver) as over:
        await accept(house, first)
    assert (over.value.status, over.value.members["status"]) == (410, "lapsed")
    with pytest.raises(OfferOver):
        await decline(house, first)
    assert (await leave(house, first)).doc["status"] == "lapsed"


async def test_only_an_offer_can_be_answered_once(house: WaitingHouse) -> None:
    await taken(house)
    waits = await house.wait("ana")
    with pytest.raises(NotOffered):
        await accept(house, waits)
    await freed(house, next(iter(house.bookings.memory.docs)))
    with pytest.raises(VersionStale):
        await accept(house, waits, if_match=1)
    twice = [(await accept(house, waits, key="a")).doc for _ in range(2)]
    assert [(doc["status"], doc["version"]) for doc in twice] == [("accepted", 3), ("accepted", 3)]
    for said in (DeclineOffer, LeaveWaitlist):
        with pytest.raises(OfferAccepted):
            await answer(house, said(id=waits.doc["_id"]))


async def test_of_leaving_and_accepting_at_once_nothing_is_left_that_nobody_wants(house: WaitingHouse) -> None:
    for n in range(8):
        wall = f"2026-12-{15 + n // 4} {10 + 2 * (n % 4)}:00"
        entry = await house.wait("ana", wall)
        both = [accept(house, entry), leave(house, entry)]
        answers = await asyncio.gather(*(both if n % 2 else both[::-1]), return_exceptions=True)
        wanted = await house.standing(entry)
        assert wanted in ("accepted", "cancelled")
        assert held(house, entry)["status"] == {"accepted": "confirmed", "cancelled": "cancelled"}[wanted]
        assert sum(isinstance(each, Stored) for each in answers) >= 1


async def test_of_accepting_and_declining_at_once_one_holds(house: WaitingHouse) -> None:
    for n in range(8):
        wall = f"2026-12-{15 + n // 4} {10 + 2 * (n % 4)}:00"
        entry = await house.wait("ana", wall)
        both = [accept(house, entry), decline(house, entry)]
        answers = await asyncio.gather(*(both if n % 2 else both[::-1]), return_exceptions=True)
        (won,) = [each for each in answers if isinstance(each, Stored)]
        assert {"accepted": "confirmed", "declined": "cancelled"}[won.doc["status"]] == held(house, entry)["status"]
        assert await house.standing(entry) == won.doc["status"]


async def test_declining_what_was_accepted_meanwhile_cancels_nothing(
    house: WaitingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await house.wait("ana")
    current = house.line._current

    async def accepted_behind(*asked: Any) -> Any:
        doc = await current(*asked)
        await house.handle.confirm_booking(ask(ConfirmBooking(id=held(house, entry)["_id"])))
        return doc

    monkeypatch.setattr(type(house.line), "_current", lambda _, *asked: accepted_behind(*asked))
    with pytest.raises(OfferAccepted):
        await decline(house, entry)
    assert (await house.standing(entry), held(house, entry)["status"]) == ("accepted", "confirmed")


async def test_while_nothing_changes_for_who_waits_the_version_they_read_is_the_one_there_is(
    house: WaitingHouse,
) -> None:
    await taken(house)
    waits = await house.wait("ana")
    await house.run_to(NOW + timedelta(minutes=2))
    assert house.waits_doc(waits)["due_at"] > house.clock.at
    assert (await leave(house, waits, if_match=waits.doc["version"])).doc["status"] == "cancelled"


async def test_of_two_rooms_that_cannot_be_offered_the_first_says_why_and_says_it_once(house: WaitingHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    await place(house, "all", minutes=300, wall="2026-12-14 10:00")
    waits = await house.wait("ana", kind="room", attendees=5)
    assert (reasons(house, waits), waits.doc["version"]) == (["quota-exceeded"], 2)
    await house.run_to(NOW + timedelta(minutes=2))
    assert house.waits_doc(waits)["version"] == 2


async def test_cancelled_stays_cancelled_whatever_falls_free(house: WaitingHouse) -> None:
    theirs = await taken(house)
    first, second = [await house.wait(name) for name in ("ana", "ben")]
    assert (await leave(house, first, key="d")).doc["status"] == "cancelled"
    assert (await leave(house, first, key="d")).doc["version"] == 2
    await freed(house, theirs)
    assert [await house.standing(each) for each in (first, second)] == ["cancelled", "offered"]


async def test_who_waits_may_take_their_own_place(house: WaitingHouse) -> None:
    theirs = await taken(house)
    await house.wait("ana")
    house.bookings._heard.clear()
    await house.handle.cancel_booking(ask(CancelBooking(id=theirs), STAN))
    assert (await place(house, "a1")).doc["status"] == "confirmed"


async def test_an_offer_accepted_by_a_replica_that_died_before_it_noted_that_is_noted(house: WaitingHouse) -> None:
    first = await house.wait("ana")
    house.bookings._heard.clear()
    await house.handle.confirm_booking(ask(ConfirmBooking(id=held(house, first)["_id"])))
    assert await house.standing(first) == "offered"
    assert (await accept(house, first)).doc["status"] == "accepted"
    second = await house.wait("ben", "2026-12-15 12:00")
    await house.handle.confirm_booking(ask(ConfirmBooking(id=held(house, second)["_id"]), member("ben")))
    await house.run_to(NOW + 2 * HOUR)
    assert await house.standing(second) == "accepted"


async def test_a_key_makes_one_entry_and_nobody_waits_twice_for_the_same(house: WaitingHouse) -> None:
    await taken(house)
    once, again = [await house.wait("ana") for _ in range(2)]
    assert (once.doc["_id"], again.doc["_id"], again.replay) == (once.doc["_id"], once.doc["_id"], True)
    same = JoinWaitlist(site="nyc", resource="room-a", starts_at=ny(WALL), ends_at=ny(WALL) + HOUR)
    with pytest.raises(AlreadyWaiting):
        await house.line.join_waitlist(ask(same, key="other"))
    with pytest.raises(KeyRequired):
        await house.line.join_waitlist(ask(same))
    await leave(house, once)
    assert (await house.line.join_waitlist(ask(same, key="third"))).doc["status"] == "waiting"


async def test_nobody_waits_for_more_than_five_things_not_even_at_once(house: WaitingHouse) -> None:
    walls = [f"2026-12-{day} {hour}:00" for day in (15, 16) for hour in (10, 12, 14, 16)]
    for wall in walls:
        await taken(house, wall)
    outcomes = await asyncio.gather(*(house.wait("ana", wall) for wall in walls), return_exceptions=True)
    made = [each for each in outcomes if isinstance(each, Stored)]
    assert len(made) == 5
    assert all(isinstance(each, Stored | WaitingForTooMuch) for each in outcomes)
    await leave(house, made[0])
    await house.wait("ana", "2026-12-17 10:00")
    await house.wait("ben", walls[0])


async def test_what_no_booking_may_be_is_not_waited_for(house: WaitingHouse) -> None:
    with pytest.raises(StartsInThePast):
        await house.wait("ana", "2026-11-30 19:00")
    with pytest.raises(NotFound):
        await house.wait("ana", resource="room-z")
    with pytest.raises(NoSuchKind):
        await house.wait("ana", kind="expert")
    for more in ({"wall": "2026-12-15 03:00"}, {"attendees": 9}, {"kind": "room", "attendees": 9}):
        with pytest.raises(BookingRefused):
            await house.wait("ana", **more)
    assert (await house.wait("ana", kind="room", attendees=7)).doc["status"] == "offered"


async def test_an_assistant_waits_for_whom_they_assist_and_may_answer(house: WaitingHouse) -> None:
    house.members["ben"] = member_state("ben", "org-a", time_zone="Asia/Tokyo", assistants=("ana",))
    entry = await house.wait("ana", for_member="ben")
    assert (entry.doc["booked_for"], entry.doc["parties"]) == ("ben", ["ana", "ben"])
    assert held(house, entry)["expires_at"] == ny("2026-12-01 20:00")  # on Ben's clock in Tokyo
    assert (await accept(house, entry, member("ben"))).doc["status"] == "accepted"


async def test_who_leaves_waits_no_more_and_what_was_held_for_them_goes_on(house: WaitingHouse) -> None:
    first, second = [await house.wait(name) for name in ("ana", "ben")]
    cause = Cause("booking.settle_departure", "booking", "departure-ana", key="k", fingerprint="departure")
    await house.offering.give_up({}, lambda entry: entry.without("ana", "member-left"), cause)
    await house.settled()
    assert [await house.standing(each) for each in (first, second)] == ["cancelled", "offered"]
    assert house.waits_doc(first)["because"] == "member-left"
