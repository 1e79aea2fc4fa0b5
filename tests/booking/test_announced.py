"""Every event of a booking, a series or the waiting list says where something is taken or free since."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from shared.contracts.booking import ChangeSeries
from tests.booking.test_series import FAR, cancel, repeat
from tests.support.booking import ROOM, SITE, FakeHouse, asked, ny, staff
from tests.support.waitlist import WaitingHouse, accept

ALWAYS = replace(ROOM, opening_hours=None, buffer_minutes=0)


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


def told(house: FakeHouse, doc: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [each["data"] for each in house.bookings.memory.docs[doc["_id"]]["log"]]
    return found


def ranges(places: Any) -> list[str]:
    """On the wall of New York."""
    found = []
    for each in places:
        start, end = (datetime.fromisoformat(each[name]).astimezone(SITE.zone) for name in ("starts_at", "ends_at"))
        found.append(f"{each['resource']} {start:%m-%d %H:%M}-{end:%H:%M}")
    return found


async def test_a_series_says_of_all_of_its_times_what_is_taken_and_what_is_free_again(house: FakeHouse) -> None:
    doc = (await repeat(house, recurrence="FREQ=WEEKLY;COUNT=2")).doc
    start = ny("2026-12-22 20:00")
    wish = ChangeSeries(id=doc["_id"], scope="one", index=1, starts_at=start, ends_at=ny("2026-12-22 21:00"))
    await house.reshape.change_series(asked(wish, deadline=FAR, if_match=1))
    await cancel(house, doc, "all")
    placed, changed, cancelled = told(house, doc)
    assert (ranges(placed["taken"]), placed["released"]) == (
        ["room-a 12-15 19:00-20:15", "room-a 12-22 19:00-20:15"],
        [],
    )
    assert (ranges(changed["taken"]), ranges(changed["released"])) == (
        ["room-a 12-22 20:15-21:15"],
        ["room-a 12-22 19:00-20:00"],
    )
    assert (cancelled["taken"], ranges(cancelled["released"])) == (
        [],
        ["room-a 12-15 19:00-20:15", "room-a 12-22 20:00-21:15"],
    )


async def test_what_the_clock_does_to_a_series_is_told_once_by_the_last_of_its_events(house: FakeHouse) -> None:
    doc = (await repeat(house, recurrence="FREQ=WEEKLY;COUNT=2")).doc
    await house.run_to(ny("2026-12-15 20:00"))
    assert [(each["taken"], len(each["released"])) for each in told(house, doc)[1:]] == [([], 1)]


async def test_of_more_places_than_an_event_should_hold_it_does_not_tell() -> None:
    house = FakeHouse(ALWAYS, site=replace(SITE, calendars=()))
    daily = (await repeat(house, "s1", staff(), minutes=15, recurrence="FREQ=DAILY;COUNT=401")).doc
    (placed,) = told(house, daily)
    assert (placed.get("taken"), placed.get("released"), len(placed["occurrences"])) == (None, None, 401)


async def test_who_waits_keeps_nobody_from_anything() -> None:
    house = WaitingHouse()
    entry = await house.wait("ana")
    await accept(house, entry)
    log = house.waits_doc(entry)["log"]
    assert [(each["type"].split(".")[1], each["data"]["taken"], each["data"]["released"]) for each in log] == [
        ("waitlist_joined", [], []),
        ("waitlist_offered", [], []),
        ("waitlist_ended", [], []),
    ]
