"""A house over its collections, fake or real, whose zone gets other rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.booking.domain.viewer import ITSELF
from services.booking.handlers import Retiming
from services.booking.store import Bookings, SeriesStore, Waits
from shared.contracts.booking import JoinWaitlist
from tests.support.booking import asked, ny, staff, to_place, to_repeat
from tests.support.retiming import retiming
from tests.support.waitlist import WaitingHouse

HOUR, FAR = timedelta(hours=1), ny("2028-01-01 00:00")
EVENING = "2026-12-15 19:00"
STAN = staff()


@dataclass
class World:
    """A house with rooms A and B and both as one, its collections, and the folder in which the rules get others."""

    house: WaitingHouse
    bookings: Bookings
    series: SeriesStore
    waits: Waits
    folder: Path

    def job(self, **more: Any) -> Retiming:
        return retiming(self.house, self.bookings, self.series, self.waits, **more)

    async def book(self, key: str, wall: str = EVENING, minutes: int = 45, **more: Any) -> str:
        by = more.pop("by", STAN)
        ask = asked(to_place(wall, minutes, **more), by, key=key, deadline=FAR)
        return str((await self.house.handle.place_booking(ask)).doc["_id"])

    async def repeat(self, key: str, wall: str = EVENING, minutes: int = 45, **more: Any) -> str:
        ask = asked(to_repeat(wall, minutes, **more), STAN, key=key, deadline=FAR)
        return str((await self.house.repeat.place_series(ask)).doc["_id"])

    async def wait(self, wall: str = EVENING, minutes: int = 45, by: Any = None) -> str:
        command = JoinWaitlist(
            site="nyc", resource="room-a", starts_at=ny(wall), ends_at=ny(wall) + minutes * HOUR / 60
        )
        return str((await self.house.line.join_waitlist(asked(command, by, key=wall, deadline=FAR))).doc["_id"])

    async def doc(self, booking: str) -> dict[str, Any]:
        doc = await self.bookings.get(booking, ITSELF)
        assert doc is not None
        return doc

    async def repeated(self, series: str) -> dict[str, Any]:
        doc = await self.series.get(series, ITSELF)
        assert doc is not None
        return doc

    async def starts(self, *bookings: str) -> list[datetime]:
        return [(await self.doc(each))["starts_at"] for each in bookings]
