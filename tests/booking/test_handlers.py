"""Placing, confirming and cancelling over fakes: what is looked up, tried again, and refused."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from services.booking.domain.refusals import (
    BookingRefused,
    IntervalInvalid,
    KeyRequired,
    NoOrganization,
    SlotTaken,
    StartsInThePast,
    TooLate,
)
from shared.contracts.booking import CancelBooking, ConfirmBooking
from shared.contracts.members import MembershipView
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Busy, DeadlinePassed, KeyReused, NotFound, NotYetKnown
from shared.kit.documents import ClaimTaken, Stored
from tests.support.booking import (
    MEMBER_A,
    NOW,
    ROOM,
    FakeHouse,
    asked,
    member,
    member_state,
    ny,
    organization,
    place,
    quota_of,
    span,
    staff,
    to_place,
    under,
)


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


async def test_a_member_books_a_room_for_their_organization(house: FakeHouse) -> None:
    stored = await place(house, purpose="Pitch", attendees=5)
    doc = stored.doc
    assert (doc["status"], doc["organization"], doc["booked_by"], doc["booked_for"]) == (
        "confirmed",
        "org-a",
        "ana",
        "ana",
    )
    assert (doc["purpose"], doc["attendees"], doc["policy"]) == ("Pitch", 5, "1")
    assert doc["_id"] == derived_id("ana", "cmd.booking.place_booking.v1", "k1")
    assert len(quota_of(doc)) == 4


async def test_for_a_colleague_and_for_nobody_outside_the_organization(house: FakeHouse) -> None:
    doc = (await place(house, for_member="ben")).doc
    assert (doc["booked_by"], doc["booked_for"], doc["parties"]) == ("ana", "ben", ["ana", "ben"])
    with pytest.raises(NotFound):
        await place(house, "k2", for_member="stan")
    with pytest.raises(NotFound):
        await place(house, "k3", for_member="nobody-yet")


async def test_the_membership_is_that_of_all_periods_or_the_one_of_a_state_without_them(house: FakeHouse) -> None:
    spring = MembershipView(starts_on=date(2026, 4, 1), ends_on=date(2026, 12, 15))
    winter = MembershipView(starts_on=date(2026, 12, 16), ends_on=date(2027, 3, 31))
    house.organizations["org-a"] = organization(membership=spring)
    with pytest.raises(BookingRefused) as refused:
        await place(house, wall="2026-12-15 09:30")
    assert [each["code"] for each in refused.value.members["violations"]] == ["membership-ends-before-use"]
    house.organizations["org-a"] = organization(membership=spring, periods=(spring, winter))
    assert (await place(house, wall="2026-12-15 09:30")).doc["status"] == "confirmed"


async def test_the_same_key_again_answers_the_same_booking_though_its_slot_is_taken_by_itself(house: FakeHouse) -> None:
    first = await place(house)
    again = await place(house)
    assert (again.replay, again.doc["_id"]) == (True, first.doc["_id"])


async def test_a_retry_is_answered_even_when_a_rule_would_refuse_by_now(house: FakeHouse) -> None:
    first = await place(house)
    house.clock.at = ny("2026-12-15 21:00")
    later = NOW + timedelta(days=30)
    again = await house.handle.place_booking(asked(to_place(), key="k1", deadline=later))
    assert (again.replay, again.doc["_id"]) == (True, first.doc["_id"])
    with pytest.raises(StartsInThePast):
        await house.handle.place_booking(asked(to_place(), key="k2", deadline=later))


async def test_the_same_key_with_another_body_is_refused_and_another_members_key_is_their_own(house: FakeHouse) -> None:
    await place(house)
    with pytest.raises(KeyReused):
        await place(house, wall="2026-12-16 10:00")
    other = await place(house, by=member("ben"), wall="2026-12-16 10:00")
    assert not other.replay


async def test_a_refused_try_burns_no_key(house: FakeHouse) -> None:
    with pytest.raises(BookingRefused):
        await place(house, wall="2026-12-25 10:00")
    assert not (await place(house)).replay


async def test_without_a_key_nothing_is_created(house: FakeHouse) -> None:
    with pytest.raises(KeyRequired):
        await house.handle.place_booking(asked(to_place()))
    assert house.bookings.memory.docs == {}


async def test_of_two_hundred_at_once_one_gets_the_granule_and_each_other_is_told_the_conflict(
    house: FakeHouse,
) -> None:
    wishes = [place(house, f"k{n}", staff(f"s{n}")) for n in range(200)]
    house.members |= {f"s{n}": member_state(f"s{n}", "staff") for n in range(200)}
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, SlotTaken)]
    assert len(refused) == 199
    assert {len(each.members["conflicts"]) for each in refused} == {1}
    assert {each.members["alternatives"][0]["resource"] for each in refused} == {"room-b"}


async def test_a_pool_is_never_overdrawn_and_never_refused_while_units_are_free(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    walls = [f"2026-12-{day} {hour}:00" for day in (14, 15, 16, 17) for hour in (10, 12, 14)]
    outcomes = await asyncio.gather(
        *(place(house, f"k{n}", wall=wall) for n, wall in enumerate(walls)), return_exceptions=True
    )
    placed = [each for each in outcomes if isinstance(each, Stored)]
    refused = [each for each in outcomes if isinstance(each, BookingRefused)]
    assert (len(placed), len(refused)) == (5, 7)
    units = [claim for each in placed for claim in quota_of(each.doc)]
    assert len(units) == len(set(units)) == 20
    assert {each.members["violations"][0]["code"] for each in refused} == {"quota-exceeded"}


async def test_what_a_cancelled_booking_gave_back_is_booked_again_at_once(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    first = await place(house, minutes=300, wall="2026-12-15 10:00")
    with pytest.raises(BookingRefused):
        await place(house, "k2", wall="2026-12-16 10:00")
    await house.handle.cancel_booking(asked(CancelBooking(id=first.doc["_id"])))
    assert not (await place(house, "k2", wall="2026-12-16 10:00")).replay


async def test_units_of_a_wish_whose_slot_was_taken_are_not_lost(house: FakeHouse) -> None:
    await place(house, by=member("ben"))
    for n in range(40):
        with pytest.raises(SlotTaken):
            await place(house, f"x{n}")
    (share,) = under(ROOM, MEMBER_A).quota(span("2026-12-15 19:00"))
    assert len((await house.units.free("nyc", [share]))[share.prefix]) == 76


async def test_two_replicas_that_draw_the_same_units_both_get_their_room(house: FakeHouse) -> None:
    other = FakeHouse()
    other.bookings.memory.docs = house.bookings.memory.docs
    house.organizations["org-a"] = other.organizations["org-a"] = organization(kind="special_member_c")
    wishes = [(each, f"2026-12-{day} 1{hour}:00") for hour, each in ((0, house), (2, other)) for day in (14, 15)]
    await asyncio.gather(*(place(each, wall, wall=wall) for each, wall in wishes))
    units = [claim for doc in house.bookings.memory.docs.values() for claim in quota_of(doc)]
    assert len(units) == len(set(units)) == 16


async def test_a_slot_and_a_rule_are_refused_together_with_what_would_pass(house: FakeHouse) -> None:
    await place(house)
    with pytest.raises(BookingRefused) as refused:
        await place(house, "k2", attendees=30)
    assert [each["code"] for each in refused.value.members["violations"]] == ["too-many-attendees", "slot-taken"]
    assert refused.value.members["alternatives"] == []


async def test_where_nothing_is_free_close_by_the_offer_comes_from_the_rest_of_the_day_or_the_next(
    house: FakeHouse,
) -> None:
    for n, room in enumerate(house.resources):
        await place(house, f"long-{n}", staff(), wall="2026-12-15 14:00", minutes=480, resource=room)
    with pytest.raises(SlotTaken) as refused:
        await place(house, wall="2026-12-15 19:00")
    starts = [each["starts_at"] for each in refused.value.members["alternatives"]]
    assert starts == ["2026-12-15T12:45:00-05:00", "2026-12-15T12:45:00-05:00", "2026-12-16T09:00:00-05:00"]


async def test_when_units_are_gone_at_every_try_the_answer_is_busy_never_exceeded(house: FakeHouse) -> None:
    tries = []

    class Unlucky(type(house.bookings)):  # type: ignore[misc]  # a fake with worse luck
        async def place(self, decided: Any, cause: Any, *, at: Any) -> Stored:
            tries.append(decided)
            raise ClaimTaken(quota_of({"claims": decided.state.claims})[0])

    unlucky, _ = house.working_on(Unlucky(house.bookings.memory))
    with pytest.raises(Busy):
        await unlucky.place_booking(asked(to_place(), key="k1"))
    assert len(tries) == 8


async def test_whoever_was_in_the_way_and_left_is_no_reason_to_refuse(house: FakeHouse) -> None:
    inner = house.bookings

    class Leaving(type(inner)):  # type: ignore[misc]  # a fake with bad timing
        refused = False

        async def place(self, decided: Any, cause: Any, *, at: Any) -> Stored:
            if not self.refused:
                self.refused = True
                raise ClaimTaken(decided.state.claims[0])
            return await super().place(decided, cause, at=at)  # type: ignore[no-any-return]  # its class is known only here

    handle, _ = house.working_on(Leaving(inner.memory))
    stored = await handle.place_booking(asked(to_place(), key="k1"))
    assert stored.doc["status"] == "confirmed"


async def test_what_has_not_arrived_yet_is_said_so_and_strangers_are_refused(house: FakeHouse) -> None:
    with pytest.raises(NotYetKnown):
        await place(house, by=member("new"))
    house.members["new"] = member_state("new", "org-new")
    with pytest.raises(NotYetKnown):
        await place(house, by=member("new", "org-new"))
    house.organizations["org-new"] = organization("org-new")
    assert (await place(house, by=member("new", "org-new"))).doc["organization"] == "org-new"
    for stranger in (member("ana", "staff"), member("ana", None)):
        with pytest.raises(NoOrganization):
            await place(house, "k9", by=stranger)


async def test_unknown_places_and_ill_formed_wishes_are_refused_by_name(house: FakeHouse) -> None:
    with pytest.raises(NotFound):
        await place(house, site="tokyo")
    with pytest.raises(NotFound):
        await place(house, resource="room-z")
    with pytest.raises(IntervalInvalid):
        await place(house, minutes=0)


async def test_nothing_is_written_after_the_deadline(house: FakeHouse) -> None:
    with pytest.raises(DeadlinePassed):
        await house.handle.place_booking(asked(to_place(), key="k1", deadline=NOW - timedelta(seconds=1)))
    assert house.bookings.memory.docs == {}


async def test_cancelling_twice_is_the_same_state_and_after_the_start_too_late(house: FakeHouse) -> None:
    first, second = await place(house), await place(house, "k2", wall="2026-12-16 10:00")
    cancel = CancelBooking(id=first.doc["_id"])
    once = await house.handle.cancel_booking(asked(cancel))
    twice = await house.handle.cancel_booking(asked(cancel))
    assert (once.doc["status"], once.doc["version"], twice.doc["version"]) == ("cancelled", 2, 2)
    with pytest.raises(NotFound):
        await house.handle.cancel_booking(asked(CancelBooking(id=second.doc["_id"]), member("ben")))
    house.clock.at = ny("2026-12-16 10:00")
    with pytest.raises(TooLate):
        await house.handle.cancel_booking(asked(CancelBooking(id=second.doc["_id"])))


async def test_confirming_what_is_confirmed_writes_nothing(house: FakeHouse) -> None:
    first = await place(house)
    again = await house.handle.confirm_booking(asked(ConfirmBooking(id=first.doc["_id"])))
    assert (again.doc["status"], again.doc["version"]) == ("confirmed", 1)
