"""One method for each kind of timer: load, let the domain look at the clock, store. Twice or too early is harmless."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.booking.domain.attendance import complete, no_show
from services.booking.domain.booking import COMPLETE, EXPIRE, NO_SHOW, REMIND
from services.booking.domain.lapsing import expire, remind
from services.booking.domain.series_settling import lapse
from services.booking.domain.status import OPEN, Status
from services.booking.domain.viewer import ITSELF
from services.booking.handlers.ports import Bookings, ManySeries
from shared.kernel.time import Clock
from shared.kit.documents import Cause

Judge = Callable[[], Awaitable[datetime]]
"""Tells the time of the database."""


async def _judged(at: datetime, judge: Judge | None) -> datetime:
    """`at`, or the database's time where that is earlier: who runs ahead ends nobody's time too early."""
    return at if judge is None else min(at, await judge())


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """`judge` None: our clock is the only one there is."""

    bookings: Bookings
    clock: Clock
    judge: Judge | None = None

    @property
    def by_kind(self) -> Mapping[str, Callable[[dict[str, Any]], Coroutine[Any, Any, None]]]:
        """Which method strikes for which kind."""
        return {
            EXPIRE: self.on_expire,
            REMIND: self.on_remind,
            NO_SHOW: self.on_no_show,
            COMPLETE: self.on_complete,
        }

    async def on_expire(self, doc: dict[str, Any]) -> None:
        """What the database's clock calls due is due, though ours may be a moment behind."""
        await self.expire(doc["_id"], correlationid=_correlation(doc), at=max(self.clock.now(), doc["due_at"]))

    async def on_remind(self, doc: dict[str, Any]) -> None:
        """The same clock."""
        at = await _judged(max(self.clock.now(), doc["due_at"]), self.judge)
        cause = Cause("booking.remind_booking", ITSELF.member, _correlation(doc))
        await self.bookings.change(doc["_id"], lambda booking: remind(booking, at=at), cause, ITSELF, at=at)

    async def on_no_show(self, doc: dict[str, Any]) -> None:
        """The same clock."""
        at = max(self.clock.now(), doc["due_at"])
        await self.no_show(doc["_id"], correlationid=_correlation(doc), at=at)

    async def on_complete(self, doc: dict[str, Any]) -> None:
        """The same clock."""
        at = await _judged(max(self.clock.now(), doc["due_at"]), self.judge)
        cause = Cause("booking.complete_booking", ITSELF.member, _correlation(doc))
        await self.bookings.change(doc["_id"], lambda booking: complete(booking, at=at), cause, ITSELF, at=at)

    async def no_show(self, booking_id: str, *, correlationid: str, at: datetime) -> None:
        """Cut what nobody has come to, by the database's clock; where somebody did meanwhile, nothing happens."""
        at = await _judged(at, self.judge)
        cause = Cause("booking.record_no_show", ITSELF.member, correlationid)
        await self.bookings.change(booking_id, lambda booking: no_show(booking, at=at), cause, ITSELF, at=at)

    async def expire(self, booking_id: str, *, correlationid: str, at: datetime) -> bool:
        """Take away what nobody settled by its deadline, by the database's clock; False where it still may be settled.

        Where somebody settled it meanwhile, nothing happens.
        """
        at = await _judged(at, self.judge)
        cause = Cause("booking.expire_booking", ITSELF.member, correlationid)
        stored = await self.bookings.change(booking_id, lambda booking: expire(booking, at=at), cause, ITSELF, at=at)
        return Status(stored.doc["status"]) not in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTimers:
    series: ManySeries
    clock: Clock
    judge: Judge | None = None

    async def on_series(self, doc: dict[str, Any]) -> None:
        """One of its times is over, or was not approved in time."""
        at = await _judged(max(self.clock.now(), doc["due_at"]), self.judge)
        cause = Cause("booking.settle_series", ITSELF.member, _correlation(doc))
        await self.series.change(doc["_id"], lambda series: lapse(series, at=at), cause, ITSELF, at=at)


def _correlation(doc: dict[str, Any]) -> str:
    return f"timer-{doc['_id']}"
