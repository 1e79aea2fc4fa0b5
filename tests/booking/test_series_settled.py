"""What becomes of a series and of its times: by staff, by the clock, by who comes, and each like any booking."""

from dataclasses import replace

import pytest

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.refusals import NotApprovable
from services.booking.domain.resource import Door
from services.booking.domain.series_refusals import OccurrencesOverlap
from services.booking.domain.series_settling import lapse
from services.booking.store.series_mapping import series_of
from shared.contracts.booking import (
    ApproveSeries,
    CancelBooking,
    ChangeBooking,
    CheckInBooking,
    RejectSeries,
)
from shared.kernel.refusal import Forbidden, Refusal
from tests.booking.test_series import FAR, cancel, repeat, said, statuses
from tests.support.booking import (
    ROOM,
    ROOM_B,
    FakeHouse,
    asked,
    ny,
    staff,
)


async def test_after_the_cut_off_the_hours_of_that_time_stay_drawn_unless_the_house_cancels() -> None:
    house = FakeHouse(replace(ROOM, cancel_cutoff_minutes=600))
    doc = (await repeat(house)).doc
    house.clock.at = ny("2026-12-15 12:00")
    late = (await cancel(house, doc, "all")).doc
    assert [each["claims"] for each in late["occurrences"]] == [4, 0, 0, 0]
    assert house.bookings.memory.docs[doc["_id"]]["log"][-1]["data"]["debit_kept"] == [0]
    other = (await repeat(house, "s2", wall="2026-12-16 19:00")).doc
    house.clock.at = ny("2026-12-16 12:00")
    assert "claims" not in (await cancel(house, other, "all", by=staff())).doc


async def test_its_times_end_one_by_one_and_keep_their_hours_but_nobody_from_the_past() -> None:
    house = FakeHouse()
    doc = (await repeat(house, recurrence="FREQ=WEEKLY;COUNT=2")).doc
    await house.run_to(ny("2026-12-15 20:00"))
    now = house.bookings.memory.docs[doc["_id"]]
    assert (now["status"], statuses(now), now["due_at"]) == (
        "confirmed",
        ["completed", "confirmed"],
        ny("2026-12-22 20:00"),
    )
    assert (len(of_place(now["claims"])), len(of_quota(now["claims"]))) == (5, 8)
    await house.run_to(ny("2027-01-01 00:00"))
    over = house.bookings.memory.docs[doc["_id"]]
    assert (over["status"], "due_at" in over) == ("completed", False)
    assert said(house, doc) == ["series_placed", "series_completed", "series_completed"]
    assert not lapse(series_of(over), at=ny("2027-02-01 00:00")).events


async def test_staff_approve_or_reject_the_whole_of_it_and_what_nobody_approves_expires() -> None:
    house = FakeHouse(replace(ROOM, needs_approval=True))
    doc = (await repeat(house)).doc
    assert (doc["status"], doc["due_at"]) == ("pending", ny("2026-12-15 10:00"))
    approve, reject = ApproveSeries(id=doc["_id"], reason="Welcome"), RejectSeries(id=doc["_id"])
    with pytest.raises(Forbidden):
        await house.repeat.approve_series(asked(approve))
    approved = (await house.repeat.approve_series(asked(approve, staff()))).doc
    assert (approved["status"], statuses(approved)) == ("confirmed", ["confirmed"] * 4)
    assert (await house.repeat.approve_series(asked(approve, staff()))).doc["version"] == 2
    with pytest.raises(Refusal):
        await house.repeat.reject_series(asked(reject, staff()))
    other = (await repeat(house, "s2", wall="2026-12-16 19:00")).doc
    rejected = (await house.repeat.reject_series(asked(RejectSeries(id=other["_id"]), staff()))).doc
    assert (rejected["status"], "claims" in rejected) == ("cancelled", False)
    third = (await repeat(house, "s3", wall="2026-12-17 19:00")).doc
    await house.run_to(ny("2027-01-01 00:00"))
    assert house.bookings.memory.docs[third["_id"]]["status"] == "expired"
    late = asked(ApproveSeries(id=third["_id"]), staff(), deadline=ny("2028-01-01 00:00"))
    with pytest.raises(NotApprovable):
        await house.repeat.approve_series(late)


async def test_one_of_its_times_is_moved_checked_in_and_cancelled_like_any_booking() -> None:
    house = FakeHouse(replace(ROOM, check_in=Door()), ROOM_B)
    doc = (await repeat(house)).doc
    first, second, third = (f"{doc['_id']}-{n}" for n in range(3))
    to = ChangeBooking(id=second, resource="room-b", starts_at=ny("2026-12-23 10:00"), ends_at=ny("2026-12-23 12:00"))
    moved = (await house.moving.change_booking(asked(to, deadline=FAR, if_match=1))).doc
    assert (moved["_id"], moved["resource"], moved["series"], moved["local"]["start"]) == (
        second,
        "room-b",
        doc["_id"],
        "10:00",
    )
    onto_itself = ChangeBooking(id=third, starts_at=ny("2026-12-15 19:30"), ends_at=ny("2026-12-15 20:30"))
    with pytest.raises(OccurrencesOverlap):
        await house.moving.change_booking(asked(onto_itself, deadline=FAR, if_match=2))
    house.clock.at = ny("2026-12-15 18:50")
    there = (await house.attendance.check_in_booking(asked(CheckInBooking(id=first), deadline=FAR))).doc
    assert there["status"] == "checked_in"
    gone = (await house.handle.cancel_booking(asked(CancelBooking(id=second), deadline=FAR))).doc
    assert gone["status"] == "cancelled"
    await house.run_to(ny("2026-12-30 09:00"))
    after = house.bookings.memory.docs[doc["_id"]]
    assert statuses(after) == ["completed", "cancelled", "no_show", "confirmed"]
    assert said(house, doc) == [
        "series_placed",
        "booking_moved",
        "booking_checked_in",
        "booking_cancelled",
        "booking_completed",
        "booking_no_show",
    ]
    assert [entry["data"]["id"] for entry in after["log"][1:]] == [second, first, second, first, third]
