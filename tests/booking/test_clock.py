"""Timers on the real servers, under a clock that a test moves: nothing depends on who is running when it strikes."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.booking.domain.status import Status
from shared.contracts.booking import (
    BookingHistory,
    CheckInBooking,
    CheckInRule,
    ConfirmBooking,
    GetBooking,
    PlaceBooking,
    PutResource,
    ResourceRules,
)
from shared.contracts.message import Principal, Text
from shared.kit.nats.request import Refused
from tests.booking.running import House, at_work, tell
from tests.support.booking import NOW, TABLE, member, member_state, ny, organization, staff
from tests.support.servers import Servers
from tests.support.waiting import until


class Wall:
    """The clock of every process of the test."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "clock"
        self.setting = f"virtual:{self._path}"
        self.show(NOW)

    def show(self, at: datetime) -> None:
        self._path.write_text(at.isoformat(), encoding="utf-8")


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path)


@pytest.fixture
async def furnished(clean: Servers, wall: Wall) -> Servers:
    """New York is there, Ana and Ben are known; nobody is running."""
    await tell(clean, TABLE, organization(), *(member_state(name, "org-a") for name in ("ana", "ben")))
    async with at_work(clean, 1, wall.setting) as house:
        await house.furnish()
    return clean


def hold(start: datetime, resource: str = "room-a") -> PlaceBooking:
    return PlaceBooking(site="nyc", resource=resource, starts_at=start, ends_at=start + timedelta(hours=1), mode="hold")


async def status_of(house: House, booking: dict[str, Any]) -> str:
    return str((await house.ask(GetBooking(id=booking["id"])))["status"])


async def test_a_hold_ends_at_its_deadline_though_nobody_was_running_then(furnished: Servers, wall: Wall) -> None:
    evening = ny("2026-12-15 19:00")
    async with at_work(furnished, 1, wall.setting) as house:
        lapsing, kept = [await house.ask(hold(evening, room), key=room) for room in ("room-a", "room-b")]
        assert lapsing["expires_at"] == "2026-12-01T10:05:00-05:00"
        kept = await house.ask(ConfirmBooking(id=kept["id"]))
        assert (kept["status"], kept["expires_at"]) == ("confirmed", None)
    wall.show(NOW + timedelta(minutes=5))
    async with at_work(furnished, 2, wall.setting) as house:

        async def gone() -> bool:
            return await status_of(house, lapsing) == Status.EXPIRED

        await until(gone)
        assert await status_of(house, kept) == "confirmed"
        entries = (await house.ask(BookingHistory(id=lapsing["id"])))["items"]
        assert [entry["type"].split(".")[1] for entry in entries] == ["booking_placed", "booking_expired"]
        assert (await house.ask(hold(evening), member("ben"), key="again"))["status"] == "held"


async def test_a_month_of_reminders_challenges_and_deadlines_passes_in_seconds(furnished: Servers, wall: Wall) -> None:
    evening = ny("2027-01-15 19:00")
    wanted = PlaceBooking(
        site="nyc", resource="room-a", starts_at=evening, ends_at=evening + timedelta(hours=1), mode="provisional"
    )
    async with at_work(furnished, 2, wall.setting) as house:
        first = await house.ask(wanted, key="first")
        other = await house.ask(wanted.model_copy(update={"resource": "room-b"}), key="other")
        assert first["expires_at"] == "2026-12-08T10:00:00-05:00"
        wall.show(ny("2026-12-06 10:00"))
        await until(lambda: _said(house, first, "booking_reminded"))
    wall.show(ny("2026-12-06 11:00"))
    async with at_work(furnished, 2, wall.setting) as house:
        no = await house.refusal(wanted, member("ben"), key="ben")
        assert no.members["conflicts"][0]["provisional_until"] == "2026-12-07T11:00:00-05:00"
        wall.show(ny("2026-12-07 11:00"))
        await until(lambda: _said(house, first, "booking_expired"))
        taken = await house.ask(wanted, member("ben"), key="ben")
        assert taken["status"] == "provisional"
        wall.show(NOW + timedelta(days=31))
        await until(lambda: _said(house, other, "booking_expired"))
        entries = (await house.ask(BookingHistory(id=first["id"])))["items"]
        said = [entry["type"].split(".")[1] for entry in entries]
        assert said == ["booking_placed", "booking_reminded", "booking_challenged", "booking_expired"]


@pytest.fixture
async def watched(furnished: Servers, wall: Wall) -> tuple[Servers, dict[str, Any]]:
    """Room A has to be checked in; Ana has it from 19:00 to 20:00. Nobody is running."""
    async with at_work(furnished, 1, wall.setting) as house:
        rules = ResourceRules(check_in=CheckInRule(before_minutes=15, after_minutes=10))
        name = Text(en="a")
        await house.ask(PutResource(site="nyc", id="room-a", kind="room", name=name, rules=rules), staff())
        return furnished, await house.ask(wish("19:00", 60), key="first")


def wish(start: str, minutes: int) -> PlaceBooking:
    starts_at = ny(f"2026-12-15 {start}")
    return PlaceBooking(
        site="nyc", resource="room-a", starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes)
    )


async def test_a_no_show_is_cut_though_nobody_was_running_then_and_one_alone_gets_what_is_left(
    watched: tuple[Servers, dict[str, Any]], wall: Wall
) -> None:
    servers, booking = watched
    assert (booking["check_in_from"], booking["check_in_until"]) == (
        "2026-12-15T18:45:00-05:00",
        "2026-12-15T19:10:00-05:00",
    )
    wall.show(ny("2026-12-15 18:44"))
    async with at_work(servers, 1, wall.setting) as house:
        no = await house.refusal(CheckInBooking(id=booking["id"]))
        assert (no.code, no.members["opens_at"]) == ("check-in-not-open", "2026-12-15T18:45:00-05:00")
    wall.show(ny("2026-12-15 19:12"))
    async with at_work(servers, 2, wall.setting) as house:
        await until(lambda: _said(house, booking, "booking_no_show"))
        cut = await house.ask(GetBooking(id=booking["id"]))
        assert (cut["status"], cut["ends_at"], cut["booked_until"]) == (
            "no_show",
            "2026-12-15T19:12:00-05:00",
            "2026-12-15T20:00:00-05:00",
        )

        async def one(said: Any, by: Principal, key: str) -> str:
            try:
                return str((await house.ask(said, by, key=key))["id"])
            except Refused as refused:
                return refused.code

        late = [one(CheckInBooking(id=booking["id"]), by, "late") for by in (member(), staff())]
        new = [one(wish("19:15", 45), member("ben"), f"new-{n}") for n in range(6)]
        got = await asyncio.gather(*new[:3], *late, *new[3:])
        assert len(set(got) - {"slot-taken"}) == 1, got


async def test_who_was_there_is_told_nothing_and_completed_at_the_end_by_whoever_runs_then(
    watched: tuple[Servers, dict[str, Any]], wall: Wall
) -> None:
    servers, booking = watched
    wall.show(ny("2026-12-15 19:05"))
    async with at_work(servers, 2, wall.setting) as house:
        there = await house.ask(CheckInBooking(id=booking["id"]), key="in")
        assert (there["status"], there["checked_in_at"]) == ("checked_in", "2026-12-15T19:05:00-05:00")
        assert (await house.ask(CheckInBooking(id=booking["id"]), staff()))["version"] == there["version"]
    wall.show(ny("2026-12-15 20:00"))
    async with at_work(servers, 1, wall.setting) as house:
        await until(lambda: _said(house, booking, "booking_completed"))
        assert await status_of(house, booking) == "completed"


async def _said(house: House, booking: dict[str, Any], what: str) -> bool:
    entries = (await house.ask(BookingHistory(id=booking["id"])))["items"]
    return any(what in entry["type"] for entry in entries)
