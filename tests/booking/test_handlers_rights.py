"""Placing by what the copies of members say: who acts for whom, and by which table."""

from dataclasses import replace

import pytest

from services.booking.domain.refusals import BookingRefused, MemberNotActive
from services.booking.store import Units
from shared.contracts.members import POLICY_ID
from shared.contracts.message import Principal
from shared.kernel.refusal import NotFound, NotYetKnown
from tests.support.booking import FakeHouse, member, member_state, organization, place, quota_of, table


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


async def test_who_was_deactivated_books_nothing_with_a_token_or_key_that_still_lives(house: FakeHouse) -> None:
    house.members["ana"] = member_state("ana", "org-a", active=False)
    program = Principal(kind="program", id="ana", organization="org-a", scopes=frozenset({"bookings:write"}))
    for by in (member("ana"), program):
        with pytest.raises(MemberNotActive):
            await place(house, by=by)
    with pytest.raises(NotFound):
        await place(house, by=member("ben"), for_member="ana")


async def test_a_suspended_organization_books_nothing_and_is_told_why(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(status="suspended")
    with pytest.raises(BookingRefused) as refused:
        await place(house)
    (violation,) = refused.value.members["violations"]
    assert (violation["code"], violation["message"]["ja"]) == ("membership-not-active", "会員資格は停止中です。")


async def test_a_booking_is_judged_by_the_table_as_it_is_now_and_keeps_its_version(house: FakeHouse) -> None:
    before = (await place(house)).doc
    house.policies[POLICY_ID] = table({"limits": [{"period": "day", "scope": "person", "hours": 2}]}, version=7)
    after = (await place(house, "k2", wall="2026-12-16 10:00")).doc
    assert (before["policy"], after["policy"]) == ("1", "7")
    assert {claim.split("|")[2] for claim in quota_of(after)} == {"own-daily-hours"}
    assert not (await place(house, "k3", by=member("ben"), wall="2026-12-16 13:00", minutes=120)).replay
    with pytest.raises(BookingRefused) as refused:
        await place(house, "k4", wall="2026-12-16 16:00", minutes=90)
    (violation,) = refused.value.members["violations"]
    assert (violation["rule"], violation["used"], violation["requested"]) == ("own-daily-hours", 1, 1.5)
    house.policies[POLICY_ID] = table({"kind": "guest"}, version=8)
    with pytest.raises(BookingRefused) as refused:
        await place(house, "k5", wall="2026-12-17 10:00")
    assert [no["code"] for no in refused.value.members["violations"]] == ["kind-not-allowed"]


async def test_without_a_table_nothing_is_decided(house: FakeHouse) -> None:
    del house.policies[POLICY_ID]
    with pytest.raises(NotYetKnown):
        await place(house)


async def test_a_replica_finds_the_last_units_that_another_left(house: FakeHouse) -> None:
    elsewhere = FakeHouse()
    elsewhere.handle = replace(house.handle, claiming=replace(house.handle.claiming, units=Units(house.bookings)))
    await place(house, "first", minutes=15)  # from now on this replica remembers a pool of which little is drawn
    for day, minutes in ((16, 480), (17, 480), (18, 165)):
        await place(elsewhere, f"k{day}", wall=f"2026-12-{day} 10:00", minutes=minutes)
    last = await place(house, "last", wall="2026-12-14 10:00")
    assert len(quota_of(last.doc)) == 4, "four quarters of an hour were left of twenty hours"
