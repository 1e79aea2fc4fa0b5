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
