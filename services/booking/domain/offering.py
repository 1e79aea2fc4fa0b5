"""What is offered to who waits: a booking held for them, whose time runs only while they are awake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.entitlement import Reason
from services.booking.domain.events import BookingPlaced
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted
from services.booking.domain.status import Mode
from services.booking.domain.waiting import Entry
from services.booking.domain.waking import awake_for, is_awake, waking_time
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kernel.text import Text

ENOUGH = timedelta(minutes=30)
"""Who is asleep is asked if they are awake for so long before the start."""
ASLEEP = Reason(
    "asleep",
    Text(
        ja="空いたのが夜間(22時から8時)で、開始までにお返事いただく時間がありませんでした。順番はそのままです。",
        en="It fell free at night (22:00 to 08:00) with no time left to answer before the start. You keep your place.",
    ),
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """To whom, on whose clock, by which rules, when."""

    entry: Entry
    zone: ZoneInfo
    under: Circumstances
    at: datetime

    @property
    def wanted(self) -> Wanted:
        who = self.entry
        return Wanted(who.interval, who.booked_by, who.booked_for, who.purpose, who.attendees, Mode.OFFER)

    def offer(self, free: FreeUnits, chance: Random) -> Decided:
        """Held for them. Raises BookingRefused with every rule that says no."""
        held = Booking.place(booking_of(self.entry), self.wanted, self.under, free, at=self.at, chance=chance).state
        asked = replace(held, waitlist=self.entry.id, expires_at=self._until)
        return Decision(asked, [BookingPlaced(asked)])

    @property
    def _until(self) -> datetime:
        length = timedelta(minutes=self.under.resource.offer_minutes)
        return min(awake_for(length, self.at, self.zone), self.entry.interval.start)


def booking_of(entry: Entry) -> str:
    """One entry is offered one booking, however many try to."""
    return derived_id("offer", entry.id)


def can_answer(entry: Entry, zone: ZoneInfo, at: datetime) -> bool:
    """Whether they are awake, or will be for long enough before the start."""
    start = entry.interval.start
    return at < start and (is_awake(at, zone) or waking_time(at, start, zone) >= ENOUGH)
