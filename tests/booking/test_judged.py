"""A replica whose clock runs ahead ends nobody's time too early: the database's clock judges what is other people's."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.booking.domain.refusals import SlotTaken
from services.booking.domain.resource import Door
from services.booking.handlers.attendance import AttendanceHandlers
from services.booking.handlers.bookings import BookingHandlers
from services.booking.handlers.timers import Timers
from shared.contracts.booking import CheckInBooking
from shared.kit.documents import Stored
from tests.support.booking import NOW, ROOM, FakeHouse, asked, member, ny, place, to_place

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Ahead:
    """A house whose one replica has the clock of an hour later, and the database that knows better."""

    def __init__(self, *, now: datetime = NOW) -> None:
        self.house = FakeHouse(replace(ROOM, check_in=Door()))
        self.show(now)

    def show(self, at: datetime) -> None:
        self.now, self.house.clock.at = at, at + HOUR

    async def judge(self) -> datetime:
        return self.now

    @property
    def timers(self) -> Timers:
        return replace(self.house.timers, judge=self.judge)

    @property
    def handle(self) -> BookingHandlers:
        return replace(self.house.handle, claiming=replace(self.house.handle.claiming, timers=self.timers))

    @property
    def attendance(self) -> AttendanceHandlers:
        return replace(self.house.attendance, claiming=self.handle.claiming)


async def test_a_hold_is_not_taken_away_before_its_time_by_whoever_wants_its_place() -> None:
    ahead = Ahead()
    ahead.house.clock.at = NOW  # it was made by a replica that is right
    held = await place(ahead.house, mode="hold")
    ahead.show(NOW + 5 * MINUTE - MINUTE)
    wish = asked(to_place(), member("ben"), key="b1", deadline=NOW + 2 * HOUR)
    with pytest.raises(SlotTaken):
        await ahead.handle.place_booking(wish)
    assert ahead.house.said(held.doc["_id"]) == ["placed"]
    ahead.show(NOW + 5 * MINUTE)
    assert (await ahead.handle.place_booking(wish)).doc["status"] == "confirmed"
    assert ahead.house.said(held.doc["_id"]) == ["placed", "expired"]


async def test_what_nobody_came_to_is_cut_to_the_database_s_now() -> None:
    ahead = Ahead()
    made = await placed_before(ahead)
    ahead.show(ny("2026-12-15 19:10") + timedelta(seconds=1))
    await ahead.timers.by_kind["no_show"](made.doc)
    doc = ahead.house.bookings.memory.docs[made.doc["_id"]]
    assert (doc["status"], doc["ends_at"]) == ("no_show", ny("2026-12-15 19:11"))


async def test_who_checks_in_in_time_is_no_no_show_whichever_replica_is_asked() -> None:
    ahead = Ahead()
    made = await placed_before(ahead)
    ahead.show(ny("2026-12-15 19:09"))
    ask = asked(CheckInBooking(id=made.doc["_id"]), deadline=ny("2026-12-16 19:00"))
    assert (await ahead.attendance.check_in_booking(ask)).doc["status"] == "checked_in"
    assert ahead.house.said(made.doc["_id"]) == ["placed", "checked"]


async def placed_before(ahead: Ahead) -> Stored:
    ahead.house.clock.at = NOW
    return await place(ahead.house, minutes=180)
