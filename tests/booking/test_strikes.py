"""What is noted of who did not come: once for each, seen by them and by staff, forgiven by staff."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.booking import Strike
from services.booking.domain.resource import Door
from services.booking.queries import StrikeQueries
from services.booking.store.mapping import booking_body, booking_of
from shared.contracts.booking import CheckInBooking, ForgiveStrike, Strikes
from shared.contracts.message import Principal
from shared.kernel.refusal import Forbidden, NotFound
from tests.booking.test_series import repeat, said, statuses
from tests.support.booking import (
    OPERATOR,
    ROOM,
    ROOM_B,
    SITE,
    FakeHouse,
    FakeSites,
    asked,
    member,
    ny,
    place,
    quota_of,
    staff,
)

FAR = ny("2028-01-01 00:00")
WHY = "The lift was out of order."


class OneSite(FakeSites):
    async def ids(self) -> list[str]:
        return list(self)


@pytest.fixture
async def house() -> FakeHouse:
    """Ana did not come on two evenings."""
    made = FakeHouse(*(replace(room, check_in=Door()) for room in (ROOM, ROOM_B)))
    for n, wall in enumerate(("2026-12-15 19:00", "2026-12-16 19:00")):
        await place(made, f"k{n}", wall=wall)
    await made.run_to(ny("2026-12-16 19:10"))
    return made


async def strikes(house: FakeHouse, by: Principal, of: str = "ana", **more: Any) -> dict[str, Any]:
    sites: Any = OneSite({"nyc": SITE, "tokyo": replace(SITE, id="tokyo")})
    ask = StrikeQueries(house.bookings, sites)
    return (await ask.strikes(asked(Strikes(member=of, **more), by, deadline=FAR))).model_dump()


async def forgive(house: FakeHouse, booking: str, by: Principal) -> dict[str, Any]:
    ask = asked(ForgiveStrike(id=booking, reason=WHY), by, deadline=FAR)
    return (await house.attendance.forgive_strike(ask)).doc


async def test_one_sees_one_s_own_and_staff_those_at_their_site_and_nobody_else(house: FakeHouse) -> None:
    for viewer in (member(), staff(), OPERATOR):
        found = await strikes(house, viewer)
        assert [each["starts_at"][:10] for each in found["items"]] == ["2026-12-16", "2026-12-15"]
        assert (found["standing"], found["items"][0]["at"]) == (2, "2026-12-16T19:10:00-05:00")
    with pytest.raises(NotFound):
        await strikes(house, member("ben"))
    assert (await strikes(house, staff("tara", "tokyo")))["items"] == ()
    assert (await strikes(house, member(), site="tokyo"))["items"] == ()
    assert len((await strikes(house, member(), site="nyc", limit=1))["items"]) == 1
    with pytest.raises(NotFound):
        await strikes(house, member(), site="atlantis")


async def test_staff_forgive_with_a_reason_and_the_record_says_who(house: FakeHouse) -> None:
    first, _ = house.bookings.memory.docs
    with pytest.raises(Forbidden):
        await forgive(house, first, member())
    with pytest.raises(NotFound):
        await forgive(house, first, staff("tara", "tokyo"))
    doc = await forgive(house, first, staff())
    assert (doc["status"], doc["version"]) == ("no_show", 3)
    assert (await forgive(house, first, staff("tom")))["version"] == 3
    entry = house.bookings.memory.docs[first]["log"][-1]
    assert (entry["actor"], entry["reason"], entry["type"]) == ("stan", WHY, "booking.strike_forgiven.v1")
    found = await strikes(house, member())
    assert found["standing"] == 1
    assert [(each["forgiven_by"], each["reason"]) for each in found["items"]] == [(None, None), ("stan", WHY)]


async def test_who_comes_late_and_gets_it_back_has_no_strike(house: FakeHouse) -> None:
    _, second = house.bookings.memory.docs
    house.clock.at = ny("2026-12-16 19:20")
    await house.attendance.check_in_booking(asked(CheckInBooking(id=second), deadline=FAR))
    assert (await strikes(house, member()))["standing"] == 1


def test_a_strike_is_stored_and_read_back_and_older_documents_have_none(house: FakeHouse) -> None:
    doc = next(iter(house.bookings.memory.docs.values()))
    booking = booking_of(doc)
    assert booking.strike == Strike("ana", ny("2026-12-15 19:10"))
    assert booking_body(booking)["strike"] == {"member": "ana", "at": ny("2026-12-15 19:10")}
    assert booking_of({name: value for name, value in doc.items() if name != "strike"}).strike is None


async def repeated(*attended: int) -> tuple[FakeHouse, dict[str, Any]]:
    """A weekly series of six; Ana comes to those of its times, and the clock runs until after the third."""
    house = FakeHouse(replace(ROOM, check_in=Door()))
    doc = (await repeat(house, recurrence="FREQ=WEEKLY;COUNT=6")).doc
    for n in range(4):
        start = ny("2026-12-15 19:00") + n * timedelta(days=7)
        await house.run_to(start)
        if n in attended:
            await house.attendance.check_in_booking(asked(CheckInBooking(id=f"{doc['_id']}-{n}"), deadline=FAR))
        await house.run_to(start + timedelta(minutes=10))
        if statuses(house.bookings.memory.docs[doc["_id"]])[-1] == "cancelled":
            break
    return house, house.bookings.memory.docs[doc["_id"]]


async def test_three_in_a_row_end_what_is_to_come_of_a_series_and_give_its_hours_back() -> None:
    house, doc = await repeated()
    assert statuses(doc) == ["no_show"] * 3 + ["cancelled"] * 3
    assert said(house, doc) == ["series_placed", *["booking_no_show"] * 3, "series_cancelled"]
    gone = doc["log"][-1]["data"]
    assert (gone["struck_out"], gone["remaining"], gone["debit_kept"]) == (True, 0, [])
    assert [each["index"] for each in gone["occurrences"]] == [3, 4, 5]
    assert len(quota_of(doc)) == 12, "those of the three to which nobody came"
    assert (doc["log"][-1]["actor"], "due_at" in doc) == ("booking", False)
    found = await strikes(house, member())
    assert (found["standing"], [each["booking"] for each in found["items"]]) == (
        3,
        [f"{doc['_id']}-{n}" for n in (2, 1, 0)],
    )


@pytest.mark.parametrize("come", [0, 1, 2])
async def test_who_comes_once_of_three_times_keeps_the_rest(come: int) -> None:
    _, doc = await repeated(come)
    expected = ["no_show"] * 4
    expected[come] = "completed"
    struck = come == 0  # then the next three are in a row
    assert statuses(doc) == expected + (["cancelled"] * 2 if struck else ["confirmed"] * 2)


async def test_what_staff_forgive_does_not_count_towards_the_three() -> None:
    house = FakeHouse(replace(ROOM, check_in=Door()))
    doc = (await repeat(house, recurrence="FREQ=WEEKLY;COUNT=6")).doc
    await house.run_to(ny("2026-12-22 19:10"))
    await forgive(house, f"{doc['_id']}-1", staff())
    await house.run_to(ny("2027-01-05 19:10"))
    assert statuses(house.bookings.memory.docs[doc["_id"]]) == ["no_show"] * 4 + ["confirmed"] * 2
    await house.run_to(ny("2027-01-12 19:10"))
    assert statuses(house.bookings.memory.docs[doc["_id"]]) == ["no_show"] * 5 + ["cancelled"]
