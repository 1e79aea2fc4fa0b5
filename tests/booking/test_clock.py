"""Timers on the real servers, under a clock that a test moves: nothing depends on who is running when it strikes."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.booking.domain.status import Status
from shared.contracts.booking import BookingHistory, ConfirmBooking, GetBooking, PlaceBooking
from tests.booking.running import House, at_work, tell
from tests.support.booking import NOW, TABLE, member, member_state, ny, organization
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


async def _said(house: House, booking: dict[str, Any], what: str) -> bool:
    entries = (await house.ask(BookingHistory(id=booking["id"])))["items"]
    return any(what in entry["type"] for entry in entries)
