"""Who books for whom: oneself, colleagues, whom one assists; and what an assistant sees of it."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from services.booking.domain.booking import Booking
from services.booking.domain.refusals import MemberNotActive
from services.booking.domain.viewer import Viewer
from services.booking.store import Bookings, BookingsPage, People
from shared.contracts.booking import CancelBooking, ChangeBooking
from shared.contracts.members import MemberState
from shared.contracts.message import Principal
from shared.kernel.refusal import NotFound
from shared.kit.copies import Copy
from shared.kit.documents import Cause, Stored
from shared.kit.mongo import Mongo
from tests.support.booking import (
    MEMBER_A,
    NOW,
    FakeHouse,
    all_free,
    asked,
    member,
    member_state,
    organization,
    to_place,
    under,
    wish,
)

STRICT = {"org-a": organization(booking_for_others="assistants"), "org-b": organization("org-b")}
BOTH = ("org-a", "org-b")


@pytest.fixture
def house() -> FakeHouse:
    """Only assistants book for others in `org-a`: Ana for Ben and Cho, who are in `org-b` too; Dai is the admin."""
    made = FakeHouse()
    made.organizations.update(STRICT)
    made.members.update(
        ana=member_state("ana", "org-a"),
        ben=member_state("ben", "org-a", "org-b", assistants=("ana",)),
        cho=member_state("cho", "org-b", "org-a", assistants=("ana",)),
        dai=member_state("dai", "org-a", roles=frozenset({"organization_admin"})),
        eri=member_state("eri", "org-b", "org-a", roles=frozenset({"organization_admin"})),
    )
    return made


async def place(house: FakeHouse, by: Principal, for_member: str | None = None, **more: Any) -> Stored:
    return await house.handle.place_booking(asked(to_place(for_member=for_member, **more), by, key=f"{by.id}-{more}"))


async def test_an_assistant_books_for_the_named_others_and_the_admin_of_the_organization_for_all(
    house: FakeHouse,
) -> None:
    doc = (await place(house, member("ana"), "ben")).doc
    assert (doc["booked_by"], doc["booked_for"], doc["organization"]) == ("ana", "ben", "org-a")
    assert (await place(house, member("dai"), "ana", wall="2026-12-16 10:00")).doc["booked_for"] == "ana"
    assert (await place(house, member("ben"), "ben", wall="2026-12-17 10:00")).doc["booked_for"] == "ben"


@pytest.mark.parametrize(
    ("by", "other"),
    [("ben", "ana"), ("ana", "dai"), ("eri", "ana"), ("ana", "stan"), ("ana", "nobody")],
    ids=["whom one assists does not assist back", "not named", "an admin elsewhere", "a stranger", "nobody"],
)
async def test_for_anybody_else_it_is_as_if_they_were_not_there(house: FakeHouse, by: str, other: str) -> None:
    with pytest.raises(NotFound):
        await place(house, member(by), other)


async def test_a_colleague_books_for_colleagues_where_the_organization_has_not_said_otherwise(
    house: FakeHouse,
) -> None:
    house.organizations["org-a"] = organization()
    assert (await place(house, member("ben"), "ana")).doc["booked_for"] == "ana"


async def test_an_assistant_sees_and_cancels_what_was_booked_for_or_by_them_in_their_common_organization(
    house: FakeHouse,
) -> None:
    here = (await place(house, member("ben"))).doc
    elsewhere = (await place(house, member("ben", "org-b"), wall="2026-12-16 10:00")).doc
    ana = member("ana", organizations=("org-a",))
    page = BookingsPage(("nyc",))
    seen = await house.bookings.listed(page, await house.ground.parties.viewer(ana))
    assert [doc["_id"] for doc in seen] == [here["_id"]]
    cancelled = await house.handle.cancel_booking(asked(CancelBooking(id=here["_id"]), ana))
    assert cancelled.doc["status"] == "cancelled"
    with pytest.raises(NotFound):
        await house.handle.cancel_booking(asked(CancelBooking(id=elsewhere["_id"]), ana))
    with pytest.raises(NotFound):
        await house.handle.cancel_booking(asked(CancelBooking(id=here["_id"]), member("dai")))


async def test_who_is_named_no_more_sees_no_more(house: FakeHouse) -> None:
    here = (await place(house, member("ben"))).doc
    house.members["ben"] = member_state("ben", "org-a")
    with pytest.raises(NotFound):
        await house.handle.cancel_booking(asked(CancelBooking(id=here["_id"]), member("ana")))


async def test_with_a_token_that_still_lives_who_was_deactivated_or_has_left_sees_and_changes_nothing(
    house: FakeHouse,
) -> None:
    here = (await place(house, member("ben"))).doc
    ana, cancelling = member("ana", organizations=("org-a",)), CancelBooking(id=here["_id"])
    moving = ChangeBooking(id=here["_id"], attendees=2)
    house.members["ana"] = member_state("ana", "org-a", active=False)
    with pytest.raises(MemberNotActive):
        await house.handle.cancel_booking(asked(cancelling, ana))
    with pytest.raises(MemberNotActive):
        await house.moving.change_booking(asked(moving, ana))
    with pytest.raises(MemberNotActive):
        await house.ground.parties.viewer(ana)
    house.members["ana"] = member_state("ana", "org-b")
    with pytest.raises(NotFound):
        await house.handle.cancel_booking(asked(cancelling, ana))
    house.members.pop("ana")
    assert await house.ground.parties.viewer(ana) == Viewer("ana")
    house.members["ana"] = member_state("ana", "org-a")
    assert (await house.handle.cancel_booking(asked(cancelling, ana))).doc["status"] == "cancelled"


async def test_lists_on_the_fake_and_on_the_real_store_show_an_assistant_the_same(bookings: Bookings) -> None:
    for n, (name, org) in enumerate([("ana", "org-a"), ("ben", "org-a"), ("ben", "org-b"), ("cho", "org-a")]):
        where = under(party=replace(MEMBER_A, id=org, person=name, kind="city_staff"))
        wanted = replace(wish(f"2026-12-1{n + 4} 10:00"), booked_by=name, booked_for=name)
        decided = Booking.place(f"b{n}", wanted, where, all_free(where, wanted.interval), at=NOW, chance=Random(1))
        await bookings.place(decided, Cause("test", name, "corr"), at=NOW)
    viewer = Viewer("ana").assisting(["ben"], ["org-a"])
    for page in (BookingsPage(("nyc",)), BookingsPage(("nyc",), after=(NOW, ""))):
        assert [doc["_id"] for doc in await bookings.listed(page, viewer)] == ["b0", "b1"]
    assert await bookings.get("b2", viewer) is None


async def test_whom_one_assists_is_read_by_an_index_and_remembered_for_two_seconds(mongo: Mongo) -> None:
    passed = 0.0
    copy = Copy(mongo.collection("copy_member"), MemberState)
    people = People(copy, elapsed=lambda: passed)
    for n in range(200):
        assistants = ("ana",) if n < 2 else (f"other{n}",)
        await copy.apply(member_state(f"m{n}", "org-a", assistants=assistants, active=n != 1))
    assert await people.assisted_by("ana") == {"m0"}
    await copy.apply(MemberState(id="m0", sequence=2, organizations=("org-a",)))
    assert await people.assisted_by("ana") == {"m0"}
    passed = 2.0
    assert await people.assisted_by("ana") == frozenset()
    plan = await copy.collection.find({"assistants": "ana", "active": True}).explain()
    assert plan["executionStats"]["totalDocsExamined"] <= 2
