"""Coming bookings looked through after a change, on the real mongod with both drivers: in turns, over crashes."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from services.booking.handlers.leaving import Pace
from services.booking.store import Bookings
from services.booking.store.departures import SETTLED_AFTER
from shared.contracts.members import MembershipView, MemberState, OnLeaveView
from shared.kit.mongo import Mongo
from tests.booking.office import Office, changed, gone
from tests.support.booking import StillClock, member_state, organization

ADMIN = {"roles": frozenset({"organization_admin"})}


class Crash(Exception):
    """As if the process had died there."""


@pytest.fixture
async def office(mongo: Mongo) -> Office:
    """`org-a` with Ana, Ben and Dai, who administers it; Ana belongs to `org-b` too, which has no admin."""
    made = Office(mongo, StillClock())
    await made.hear(organization("org-a"), organization("org-b"))
    await made.hear(member_state("ana", "org-a", "org-b"), member_state("ben", "org-a"))
    await made.hear(member_state("dai", "org-a", **ADMIN), member_state("eri", "staff", "org-a", **ADMIN))
    return made


async def test_who_is_new_gives_no_reason_to_look(office: Office) -> None:
    assert await office.open() == 0


async def test_who_leaves_one_organization_hands_over_there_and_keeps_the_rest(office: Office) -> None:
    await office.book("b1")
    await office.book("b2", 8, by="ben", for_="ana")
    await office.book("b3", 9, for_="ben")
    await office.book("b4", 10, org="org-b")
    await office.book("b5", -1 / 96)
    await office.book("b6", 11, by="ben")
    await office.hear(gone("ana", "org-b"))
    assert await office.turns() == 1
    assert await office.standing() == {
        "b1": ("confirmed", "dai"),
        "b2": ("confirmed", "dai"),
        "b3": ("confirmed", "ben"),
        "b4": ("confirmed", "ana"),
        "b5": ("confirmed", "ana"),
        "b6": ("confirmed", "ben"),
    }
    (said,) = await office.said("b1")
    assert (said["type"], said["handed_over_by"], said["booked_for"]) == ("booking_handed_over", "ana", "dai")
    assert (said["because"], said["tell"], said["version"]) == ("member-left", ["dai"], 2)
    (third,) = await office.said("b3")
    assert (third["type"], third["handed_over_by"], third["booked_for"]) == ("booking_handed_over", "ana", "ben")
    assert [await office.said(name) for name in ("b4", "b5", "b6")] == [[], [], []]


@pytest.mark.parametrize("state", [gone("ana", "org-a", "org-b", active=False), gone("ana", erased=True)])
async def test_who_is_deactivated_or_erased_leaves_everywhere(office: Office, state: MemberState) -> None:
    await office.book("b1")
    await office.book("b2", 8, org="org-b")
    await office.hear(state)
    await office.turns()
    assert await office.standing() == {"b1": ("confirmed", "dai"), "b2": ("cancelled", "ana")}
    (said,) = await office.said("b2")
    assert (said["type"], said["because"], said["tell"]) == ("booking_cancelled", "member-left", [])


@pytest.mark.parametrize(
    ("on_leave", "outcome"),
    [
        (OnLeaveView(to="ben"), ("confirmed", "ben")),
        (OnLeaveView(to="nobody"), ("confirmed", "dai")),
        (OnLeaveView(to="ana"), ("confirmed", "dai")),
        (OnLeaveView(bookings="cancel", to="ben"), ("cancelled", "ana")),
    ],
)
async def test_the_organization_says_what_becomes_of_them(
    office: Office, on_leave: OnLeaveView, outcome: tuple[str, str]
) -> None:
    await office.book("b1")
    await office.hear(changed(on_leave=on_leave), gone("ana", "org-b"))
    await office.turns()
    assert await office.standing() == {"b1": outcome}


def until(day: str) -> dict[str, Any]:
    period = MembershipView(starts_on=date(2026, 4, 1), ends_on=date.fromisoformat(day))
    return {"membership": period, "periods": (period,)}


async def test_what_lies_after_the_last_day_is_cancelled_with_notice_and_stays_so_when_it_is_renewed(
    office: Office,
) -> None:
    for days in (7, 20, 40):
        await office.book(f"b{days}", days)
    await office.hear(changed(**until("2026-12-15")))
    await office.turns()
    assert [status for status, _ in (await office.standing()).values()] == ["cancelled", "cancelled", "confirmed"]
    (said,) = await office.said("b20")
    assert (said["type"], said["because"], said["tell"]) == ("booking_cancelled", "membership-ended", ["dai"])
    await office.hear(changed(3, **until("2027-03-31")))
    await office.turns()
    assert (await office.standing())["b20"] == ("cancelled", "ana")
    assert len(await office.said("b20")) == 1


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"status": "suspended"}, "confirmed"),
        ({"status": "suspended", "keeps_bookings": False}, "cancelled"),
        ({"status": "left"}, "cancelled"),
        ({"status": "expired"}, "confirmed"),
    ],
)
async def test_an_organizations_status_decides_over_all_of_its_bookings(
    office: Office, more: dict[str, Any], status: str
) -> None:
    await office.book("b1")
    await office.book("b2", 8, by="ben")
    await office.hear(changed(**more))
    await office.turns()
    assert {each for each, _ in (await office.standing()).values()} == {status}


async def test_a_booking_written_by_a_replica_that_had_not_heard_of_it_is_found_at_the_second_look(
    office: Office,
) -> None:
    await office.book("b1")
    await office.hear(gone("ana", "org-b"))
    await office.turns()
    await office.book("b2", 8)
    assert await office.turns() == 0
    office.clock.at += SETTLED_AFTER
    assert await office.turns() == 1
    assert await office.standing() == {"b1": ("confirmed", "dai"), "b2": ("confirmed", "dai")}
    assert await office.open() == 0
    await asyncio.gather(*(office.changes.on_member(gone("ana", "org-b")) for _ in range(5)))
    office.clock.at += SETTLED_AFTER
    await office.turns()
    assert [len(await office.said(name)) for name in ("b1", "b2")] == [1, 1], "told again, done once"


async def test_many_are_looked_through_in_turns_behind_a_cursor(office: Office) -> None:
    office.pace = Pace(page=3, at_once=2, seconds=-1)
    office.leaving = office.replica()
    for n in range(10):
        await office.book(f"b{n}", 7 + n)
    await office.hear(gone("ana", "org-b"))
    assert await office.turns() == 4
    assert set((await office.standing()).values()) == {("confirmed", "dai")}


async def test_a_replica_that_dies_in_between_is_followed_by_another_and_nothing_is_done_twice(office: Office) -> None:
    class Dying:
        """Dies after its third write."""

        def __init__(self, bookings: Bookings) -> None:
            self.coming: Callable[..., Any] = bookings.coming
            self._change, self.left = bookings.change, 3

        async def change(self, *args: Any, **more: Any) -> Any:
            stored = await self._change(*args, **more)
            self.left -= 1
            if self.left <= 0:
                raise Crash
            return stored

    for n in range(8):
        await office.book(f"b{n}", 7 + n)
    await office.hear(gone("ana", "org-b"))
    office.pace = Pace(page=3, at_once=1)
    for _ in range(2):
        with pytest.raises(Crash):
            await office.turn(office.replica(Dying(office.bookings)))
    await asyncio.gather(*(office.turn(office.replica()) for _ in range(3)))
    await office.turns()
    assert set((await office.standing()).values()) == {("confirmed", "dai")}
    assert [len(await office.said(f"b{n}")) for n in range(8)] == [1] * 8


async def test_who_has_come_back_meanwhile_keeps_what_is_theirs(office: Office) -> None:
    await office.book("b1")
    await office.hear(gone("ana", "org-b"), member_state("ana", "org-a").model_copy(update={"sequence": 3}))
    await office.turns()
    assert await office.standing() == {"b1": ("confirmed", "ana")}


async def test_what_is_not_seen_yet_is_waited_for(office: Office) -> None:
    await office.book("b1")
    await office.changes.on_member(gone("ana", "org-b"))
    assert await office.turn()
    assert not await office.turn(), "put off for a moment"
    await office.members.apply(gone("ana", "org-b"))
    office.clock.at += timedelta(seconds=1)
    await office.turns()
    assert await office.standing() == {"b1": ("confirmed", "dai")}


async def test_the_admins_of_who_leaves_are_found_by_an_index(office: Office) -> None:
    """The bookings are among every read of them (test_store_indexes)."""
    admins = office.members.collection.find({"organizations": "org-a", "roles": "organization_admin", "active": True})
    assert (await admins.explain())["executionStats"]["totalDocsExamined"] <= 2
